"""Clocks that disagree by an hour: what counts is measured, or read off the server's own clock."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError, RateLimitError, ServiceAccount
from tests.bodies import SNAPSHOT_ID, error
from tests.faults.calls import CALLS, GET, TAKE
from tests.faults.fault import check_success
from tests.faults.rows import CLOCK
from tests.faults.service import TOKEN_PATH, api_requests, failing, good, service
from tests.raw_server import CLOSE, READ, Choose, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.calls import Call
    from tests.faults.lab import Lab
    from tests.raw_server import RawServer, Received, Script

HOUR = 3600
WAYS = {"an hour behind": -HOUR, "an hour ahead": HOUR}
DIRECTIONS = pytest.mark.parametrize("way", WAYS)


def date(way: str, moment: float) -> str:
    """Write what the server calls this moment; the client is behind where it is ahead."""
    return formatdate(moment - WAYS[way], usegmt=True)


@pytest.mark.parametrize("call", CALLS, ids=str)
@DIRECTIONS
def test_a_call_does_not_notice(lab: Lab, way: str, call: Call) -> None:
    server = lab.start(service({"Date": date(way, time.time())}))
    credentials = ServiceAccount("mdb_sa_id_of_a_test", "a-secret-for-a-raw-server")
    client = lab.connect(server, call, credentials=credentials)
    check_success(GET.run(lab.flavor, client))
    before = len(server.requests)

    end = call.run(lab.flavor, client)

    check_success(end)
    tokens = [request for request in server.requests if request.target == TOKEN_PATH]
    assert len(tokens) == 1
    lab.record(CLOCK, way, call, end, server.requests[before:])


@pytest.mark.parametrize("call", CALLS, ids=str)
@DIRECTIONS
def test_a_date_to_wait_for_is_seen_from_the_date_of_the_answer(
    lab: Lab, way: str, call: Call
) -> None:
    now = time.time()
    headers = {"Date": date(way, now), "Retry-After": date(way, now + 60)}
    busy = answer(429, error(429, "RATE_LIMITED"), headers)
    server = lab.start(failing(lambda _: [busy], call.method))
    client = lab.connect(server, call)

    end = call.run(lab.flavor, client)

    assert type(end) is RateLimitError
    assert end.retry_after == 60
    assert len(api_requests(server.requests, call.method)) == 1
    name = f"{way}, 429 with a date as Retry-After, beyond total_timeout"
    lab.record(CLOCK, name, call, end, server.requests)


def test_candidates_are_those_of_the_servers_time(lab: Lab) -> None:
    def endure(way: str) -> tuple[object, RawServer, str]:
        recent = f"{int(time.time() - WAYS[way]):08x}{SNAPSHOT_ID[8:]}"

        def choose(requests: Sequence[Received]) -> Script:
            newest = requests[-1]
            is_post = newest.method == "POST"
            return (
                [CLOSE] if is_post else [good(newest, {"Date": date(way, time.time())}, id=recent)]
            )

        server = lab.start([Repeat([READ, Choose(choose)])])
        end = TAKE.run(lab.flavor, lab.connect(server, TAKE, total_timeout=10))
        return end, server, recent

    ends = lab.at_once(endure, list(WAYS))
    for way, (end, server, recent) in zip(WAYS, ends, strict=True):
        assert type(end) is AmbiguousOutcomeError
        assert [candidate.id for candidate in end.candidates] == [recent]
        assert len(api_requests(server.requests, "POST")) == 1
        name = f"{way}, ambiguous, then one look: the snapshot is a candidate"
        lab.record(CLOCK, name, TAKE, end, server.requests)
