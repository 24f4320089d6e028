"""Requests that an HTTP/2 server has not processed: sent again at once, without a retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.bodies import SNAPSHOT_ID, queued
from tests.faults.calls import CALLS
from tests.faults.fault import check_success
from tests.faults.rows import GO_AWAY, REFUSED_STREAM
from tests.flavor import PATH
from tests.http2_server import Http2Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.calls import Call
    from tests.faults.lab import Lab
    from tests.faults.rows import Row
    from tests.http2_server import Action
    from tests.raw_server import Received

MOST = 5


def good(request: Received, taken: Mapping[str, Any]) -> Mapping[str, Any]:
    if request.method == "POST":
        return {**queued(), **request.json()}
    path = request.target.partition("?")[0]
    if path == f"{PATH}/{SNAPSHOT_ID}":
        return queued(**taken)
    results = [queued(**taken)] if path == PATH else []
    return {"results": results, "totalCount": len(results)}


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("row", "action"), [(GO_AWAY, "go away"), (REFUSED_STREAM, "refuse")], ids=["GOAWAY", "REFUSED"]
)
def test_stream_that_was_not_processed_is_sent_again_without_retries(
    lab: Lab, row: Row, action: Action, call: Call
) -> None:
    hits = 0
    taken: dict[str, Any] = {}

    def decide(request: Received) -> Action:
        nonlocal hits
        if request.method != call.method or hits == MOST:
            if request.method == "POST":
                taken.update(request.json())
            return good(request, taken)
        hits += 1
        return action

    server = lab.stack.enter_context(Http2Server(lab.authority, decide))
    client = lab.connect(server, call, max_retries=0)

    end = call.run(lab.flavor, client)

    check_success(end)
    assert hits == MOST
    processed = [it for it in server.requests if it.method != call.method]
    processed += [it for it in server.requests if it.method == call.method][MOST:]
    lab.record(row, f"{MOST} times", call, end, processed)
