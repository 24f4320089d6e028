"""429 with each form of Retry-After: retried in time, or rejected at once."""

from __future__ import annotations

import itertools
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from atlas_backups import RateLimitError
from tests.bodies import error
from tests.faults.lab import CALLS, check_success
from tests.faults.matrix_rows import BUSY
from tests.faults.service import api_requests, failing
from tests.raw_server import answer

if TYPE_CHECKING:
    from tests.faults.lab import Call, Lab

# The server's clock, to which a date is relative.
NOW = 1_767_225_600
DATE = formatdate(NOW, usegmt=True)
RATE_LIMITED = error(429, "RATE_LIMITED")
FLOOR = 1.0


def busy(retry_after: str | None) -> bytes:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return answer(429, RATE_LIMITED, {"Date": DATE, **headers})


WITHIN_BUDGET = {
    "1 second": busy("1"),
    "a date in 1 second": busy(formatdate(NOW + 1, usegmt=True)),
    "a date that has passed": busy(formatdate(NOW - 3600, usegmt=True)),
    "absent": busy(None),
    "absent, as HTML": answer(429, "<html>busy</html>"),
    "absent, 1 second in the parameters": answer(
        429, error(429, "RATE_LIMITED", parameters=["/x", "1", "1200", "500", "60"])
    ),
    "unreadable": busy("soon"),
    "negative": busy("-5"),
    "0": busy("0"),
}
BEYOND_BUDGET = {
    "60 seconds": busy("60"),
    "10^9 seconds": busy("1000000000"),
    "10^40 seconds": busy("1" + "0" * 40),
    "a date in an hour": busy(formatdate(NOW + 3600, usegmt=True)),
    "a date in the year 9999": busy("Fri, 31 Dec 9999 23:59:59 GMT"),
    "60 seconds in the parameters": answer(
        429, error(429, "RATE_LIMITED", parameters=["/x", "60", "1200", "500", "60"])
    ),
}


def test_retry_after_within_total_timeout_is_waited(lab: Lab) -> None:
    def run_one(case: tuple[Call, str]) -> None:
        call, form = case
        server = lab.start(failing(lambda _: [WITHIN_BUDGET[form]], call.method, times=1))
        client = lab.connect(server, call, total_timeout=20)
        begun = time.monotonic()

        outcome = call.run(lab.flavor, client)

        check_success(outcome)
        assert time.monotonic() - begun >= FLOOR
        assert len(api_requests(server.requests, "POST")) == (2 if call.is_take else 0)
        lab.record(BUSY, f"Retry-After: {form}", call, outcome, server.requests)

    lab.at_once(run_one, list(itertools.product(CALLS, WITHIN_BUDGET)))


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("form", BEYOND_BUDGET)
def test_retry_after_beyond_total_timeout_fails_at_once(lab: Lab, form: str, call: Call) -> None:
    server = lab.start(failing(lambda _: [BEYOND_BUDGET[form]], call.method, times=1))
    client = lab.connect(server, call)

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is RateLimitError
    assert outcome.retry_after is not None
    assert outcome.retry_after >= 60
    assert len(api_requests(server.requests, call.method)) == 1
    lab.record(BUSY, f"Retry-After: {form}", call, outcome, server.requests)


def test_repeated_429_raises_rate_limit_error(lab: Lab) -> None:
    def run_one(call: Call) -> None:
        server = lab.start(failing(lambda _: [busy("1")], call.method))
        client = lab.connect(server, call, total_timeout=20, max_retries=1)

        outcome = call.run(lab.flavor, client)

        assert type(outcome) is RateLimitError
        assert len(api_requests(server.requests, call.method)) == 2
        lab.record(BUSY, "Retry-After: 1 second, always", call, outcome, server.requests)

    lab.at_once(run_one, CALLS)
