"""Whatever an answer points to, nothing is sent there: no request, and so no credential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasError, ServiceAccount
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.flavor import BRIEF, CLUSTER_NAME, GROUP_ID
from tests.raw_server import READ, RawServer, always, answer

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Step

PLACE = (GROUP_ID, CLUSTER_NAME)
METHODS: dict[str, tuple[str, ...]] = {
    "take_snapshot": PLACE,
    "take_snapshot_raw": PLACE,
    "get_snapshot": (*PLACE, SNAPSHOT_ID),
    "list_snapshots": PLACE,
    "wait_for_snapshot": (*PLACE, SNAPSHOT_ID),
    "delete_snapshot": (*PLACE, SNAPSHOT_ID),
    "list_projects": (),
    "list_clusters": (GROUP_ID,),
}
CREDENTIALS = ServiceAccount("mdb_sa_id_1", "a-secret-of-a-test")
GRANTED = answer(200, {"access_token": "a-token", "expires_in": 3600})


def pointing_to(url: str) -> dict[str, str]:
    """Return headers that send other clients elsewhere."""
    host = url.removeprefix("http://")
    return {
        "Location": f"{url}/api/oauth/token",
        "Content-Location": url,
        "Refresh": f"0; url={url}",
        "Link": f'<{url}/next>; rel="next"',
        "Alt-Svc": f'h2="{host}"; ma=3600, http/1.1="{host}"',
        "WWW-Authenticate": f'Digest realm="r", nonce="n", domain="{url}"',
    }


def linked(url: str) -> dict[str, Any]:
    """Return a snapshot, a project and a page in one, which say that more is elsewhere."""
    links = [{"href": f"{url}/next", "rel": rel} for rel in ("next", "self", "https://x/next")]
    item = queued(links=links, status="completed", name="a")
    return {**item, "results": [item], "totalCount": 9, "next": f"{url}/next"}


@pytest.fixture
def other(stack: ExitStack) -> RawServer:
    return stack.enter_context(RawServer(always(GRANTED)))


@pytest.mark.parametrize("status", [200, 201, 300, 301, 302, 303, 305, 307, 308, 401, 421, 503])
@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_sent_elsewhere(
    flavor: ClientFlavor, serve: Serve, other: RawServer, method: str, status: int
) -> None:
    body = linked(other.base_url) if status < 400 else error(status, "X", other.base_url)
    sent = answer(status, body, pointing_to(other.base_url))
    sent_again: list[Step] = [READ, sent]
    script: list[Step] = [READ, GRANTED, *(9 * sent_again)]
    options: dict[str, Any] = {"max_retries": 0, "total_timeout": BRIEF}
    # A wait goes on through whatever passes: in the end, on another connection, it has an answer.
    is_wait = method == "wait_for_snapshot"
    later = always(answer(200, queued(status="completed"))) if is_wait else script
    more: dict[str, Any] = {"timeout": 30, "poll_interval": 0.01} if is_wait else {}
    server, client = serve(script, later, credentials=CREDENTIALS, **options)

    try:
        flavor.call(client, method, *METHODS[method], **more)
    except AtlasError as refused:
        assert status != 200 or method == "take_snapshot", refused  # noqa: PT017  # either end is right

    assert len(server.requests) > 1
    assert other.connections == 0


@pytest.mark.parametrize("status", [200, 301, 302, 307, 308, 401, 503])
def test_no_secret_is_sent_where_the_token_endpoint_points(
    flavor: ClientFlavor, serve: Serve, other: RawServer, status: int
) -> None:
    body = {"error": "moved", "token_endpoint": other.base_url}
    sent = answer(status, body, pointing_to(other.base_url))
    _, client = serve(always(sent), credentials=CREDENTIALS, max_retries=0)

    with pytest.raises(AtlasError):
        flavor.take(client)

    assert other.connections == 0
