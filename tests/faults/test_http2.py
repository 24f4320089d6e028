"""Requests that an HTTP/2 server has not processed are resent at once, without a retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.bodies import SNAPSHOT_ID, queued
from tests.faults.lab import CALLS, check_success
from tests.faults.matrix_rows import GO_AWAY, REFUSED_STREAM
from tests.flavor import PATH
from tests.http2_server import Http2Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.lab import Call, Lab
    from tests.faults.matrix_rows import Row
    from tests.http2_server import Action
    from tests.raw_server import Received

MAX_REJECTIONS = 5


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
    ("row", "action"),
    [(GO_AWAY, "go away"), (REFUSED_STREAM, "refuse")],
    ids=["GOAWAY", "ATLAS_4XX"],
)
def test_unprocessed_stream_is_resent_without_retries(
    lab: Lab, row: Row, action: Action, call: Call
) -> None:
    hits = 0
    taken: dict[str, Any] = {}

    def decide(request: Received) -> Action:
        nonlocal hits
        if request.method != call.method or hits == MAX_REJECTIONS:
            if request.method == "POST":
                taken.update(request.json())
            return good(request, taken)
        hits += 1
        return action

    server = lab.stack.enter_context(Http2Server(lab.ca, decide))
    client = lab.connect(server, call, max_retries=0)

    outcome = call.run(lab.flavor, client)

    check_success(outcome)
    assert hits == MAX_REJECTIONS
    processed = [it for it in server.requests if it.method != call.method]
    processed += [it for it in server.requests if it.method == call.method][MAX_REJECTIONS:]
    lab.record(row, f"{MAX_REJECTIONS} times", call, outcome, processed)
