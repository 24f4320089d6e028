"""Clock skew of an hour: times are measured, or relative to the server's clock."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError, RateLimitError, ServiceAccount
from tests.bodies import SNAPSHOT_ID, error
from tests.faults.lab import CALLS, GET, TAKE, check_success
from tests.faults.matrix_rows import CLOCK
from tests.faults.service import TOKEN_PATH, api_requests, failing, good, service
from tests.raw_server import CLOSE, READ, Choose, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.lab import Call, Lab
    from tests.raw_server import RawServer, Received, Script

HOUR = 3600
WAYS = {"an hour behind": -HOUR, "an hour ahead": HOUR}
DIRECTIONS = pytest.mark.parametrize("way", WAYS)


def date(way: str, moment: float) -> str:
    """Return this time by the server's clock."""
    return formatdate(moment - WAYS[way], usegmt=True)


@pytest.mark.parametrize("call", CALLS, ids=str)
@DIRECTIONS
def test_clock_skew_has_no_effect(lab: Lab, way: str, call: Call) -> None:
    server = lab.start(service({"Date": date(way, time.time())}))
    credentials = ServiceAccount("mdb_sa_id_of_a_test", "a-secret-for-a-raw-server")
    client = lab.connect(server, call, credentials=credentials)
    check_success(GET.run(lab.flavor, client))
    before = len(server.requests)

    outcome = call.run(lab.flavor, client)

    check_success(outcome)
    tokens = [request for request in server.requests if request.target == TOKEN_PATH]
    assert len(tokens) == 1
    lab.record(CLOCK, way, call, outcome, server.requests[before:])


@pytest.mark.parametrize("call", CALLS, ids=str)
@DIRECTIONS
def test_retry_after_date_is_relative_to_date_header(lab: Lab, way: str, call: Call) -> None:
    now = time.time()
    headers = {"Date": date(way, now), "Retry-After": date(way, now + 60)}
    busy = answer(429, error(429, "RATE_LIMITED"), headers)
    server = lab.start(failing(lambda _: [busy], call.method))
    client = lab.connect(server, call)

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is RateLimitError
    assert outcome.retry_after == 60
    assert len(api_requests(server.requests, call.method)) == 1
    name = f"{way}, 429 with a date as Retry-After, beyond total_timeout"
    lab.record(CLOCK, name, call, outcome, server.requests)


def test_candidates_are_selected_by_server_time(lab: Lab) -> None:
    def run_one(way: str) -> tuple[object, RawServer, str]:
        recent = f"{int(time.time() - WAYS[way]):08x}{SNAPSHOT_ID[8:]}"

        def choose(requests: Sequence[Received]) -> Script:
            newest = requests[-1]
            is_post = newest.method == "POST"
            return (
                [CLOSE] if is_post else [good(newest, {"Date": date(way, time.time())}, id=recent)]
            )

        server = lab.start([Repeat([READ, Choose(choose)])])
        outcome = TAKE.run(lab.flavor, lab.connect(server, TAKE, total_timeout=10))
        return outcome, server, recent

    ends = lab.at_once(run_one, list(WAYS))
    for way, (outcome, server, recent) in zip(WAYS, ends, strict=True):
        assert type(outcome) is AmbiguousOutcomeError
        assert [candidate.id for candidate in outcome.candidates] == [recent]
        assert len(api_requests(server.requests, "POST")) == 1
        name = f"{way}, ambiguous, then one poll: the snapshot is a candidate"
        lab.record(CLOCK, name, TAKE, outcome, server.requests)
