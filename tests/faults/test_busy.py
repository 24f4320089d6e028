"""429 and its wait in every form: waited for, or refused at once."""

from __future__ import annotations

import itertools
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from atlas_backups import RateLimitError
from tests.bodies import error
from tests.faults.calls import CALLS
from tests.faults.fault import check_success
from tests.faults.rows import BUSY
from tests.faults.service import api_requests, failing
from tests.raw_server import answer

if TYPE_CHECKING:
    from tests.faults.calls import Call
    from tests.faults.lab import Lab

# The server's own clock, which a date is relative to.
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


def test_a_wait_within_the_budget_is_waited(lab: Lab) -> None:
    def endure(case: tuple[Call, str]) -> None:
        call, form = case
        server = lab.start(failing(lambda _: [WITHIN_BUDGET[form]], call.method, times=1))
        client = lab.connect(server, call, total_timeout=20)
        begun = time.monotonic()

        end = call.run(lab.flavor, client)

        check_success(end)
        assert time.monotonic() - begun >= FLOOR
        assert len(api_requests(server.requests, "POST")) == (2 if call.is_take else 0)
        lab.record(BUSY, f"Retry-After: {form}", call, end, server.requests)

    lab.at_once(endure, list(itertools.product(CALLS, WITHIN_BUDGET)))


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("form", BEYOND_BUDGET)
def test_a_wait_beyond_the_budget_is_not_begun(lab: Lab, form: str, call: Call) -> None:
    server = lab.start(failing(lambda _: [BEYOND_BUDGET[form]], call.method, times=1))
    client = lab.connect(server, call)

    end = call.run(lab.flavor, client)

    assert type(end) is RateLimitError
    assert end.retry_after is not None
    assert end.retry_after >= 60
    assert len(api_requests(server.requests, call.method)) == 1
    lab.record(BUSY, f"Retry-After: {form}", call, end, server.requests)


def test_it_is_refused_in_the_end(lab: Lab) -> None:
    def endure(call: Call) -> None:
        server = lab.start(failing(lambda _: [busy("1")], call.method))
        client = lab.connect(server, call, total_timeout=20, max_retries=1)

        end = call.run(lab.flavor, client)

        assert type(end) is RateLimitError
        assert len(api_requests(server.requests, call.method)) == 2
        lab.record(BUSY, "Retry-After: 1 second, always", call, end, server.requests)

    lab.at_once(endure, CALLS)
