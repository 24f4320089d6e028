"""Taking and waiting in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bodies import queued
from tests.raw_server import READ, answer

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.door import Door


@pytest.mark.parametrize("wait_timeout", [5, 1e9, 1e300, pytest.param(10**300, id="an integer")])
def test_a_wait_may_be_as_long_as_one_likes(door: Door, serve: Serve, wait_timeout: float) -> None:
    taken, completed = answer(200, queued()), answer(200, queued(status="completed"))
    server, client = serve([READ, taken, READ, completed])

    snapshot = door.take(client, wait=True, wait_timeout=wait_timeout)

    assert snapshot.status == "completed"
    assert [request.method for request in server.requests] == ["POST", "GET"]
