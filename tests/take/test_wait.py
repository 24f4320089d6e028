"""`take_snapshot(wait=True)`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from atlas_backups import ClientClosedError, WaitTimeoutError
from tests.bodies import SNAPSHOT_ID, queued
from tests.raw_server import READ, Delay, answer

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor


@pytest.mark.parametrize("wait_timeout", [5, 1e9, 1e300, pytest.param(10**300, id="an integer")])
def test_wait_timeout_has_no_upper_limit(
    flavor: ClientFlavor, serve: Serve, wait_timeout: float
) -> None:
    taken, completed = answer(200, queued()), answer(200, queued(status="completed"))
    server, client = serve([READ, taken, READ, completed])

    snapshot = flavor.take(client, wait=True, wait_timeout=wait_timeout)

    assert snapshot.status == "completed"
    assert [request.method for request in server.requests] == ["POST", "GET"]


def test_client_closed_during_a_wait_names_the_taken_snapshot(
    flavor: ClientFlavor, serve: Serve
) -> None:
    server, client = serve([READ, Delay(0.3), answer(200, queued())])

    def close() -> None:
        server.wait_for_requests(1)
        client.close()

    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises(ClientClosedError, match=SNAPSHOT_ID) as caught:
        flavor.take(client, wait=True)
    closer.join()

    known = caught.value.__context__
    assert isinstance(known, WaitTimeoutError)
    assert known.snapshot is not None
    assert known.snapshot.id == SNAPSHOT_ID
