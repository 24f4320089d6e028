"""Redirects and links in responses are never followed, so no credential is sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasError, ServiceAccount
from tests.bodies import SNAPSHOT_ID, queued
from tests.bodies import error as error_body
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
    """Return headers that make other clients send requests to this URL."""
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
    """Return a body that is a snapshot, a project and a page, with links to this URL."""
    links = [{"href": f"{url}/next", "rel": rel} for rel in ("next", "self", "https://x/next")]
    item = queued(links=links, status="completed", name="a")
    return {**item, "results": [item], "totalCount": 9, "next": f"{url}/next"}


@pytest.fixture
def other(stack: ExitStack) -> RawServer:
    return stack.enter_context(RawServer(always(GRANTED)))


@pytest.mark.parametrize(
    ("method", "status"),
    [
        *((method, status) for method in METHODS for status in (200, 307, 401)),
        *(("take_snapshot", status) for status in (201, 300, 301, 302, 303, 305, 308, 421, 503)),
    ],
)
def test_redirects_and_links_are_not_followed(
    flavor: ClientFlavor, serve: Serve, other: RawServer, method: str, status: int
) -> None:
    body = linked(other.base_url) if status < 400 else error_body(status, "X", other.base_url)
    sent = answer(status, body, pointing_to(other.base_url))
    sent_again: list[Step] = [READ, sent]
    script: list[Step] = [READ, GRANTED, *(9 * sent_again)]
    options: dict[str, Any] = {"max_retries": 0, "total_timeout": BRIEF}
    # A wait tolerates transient errors; its last response comes on another connection.
    is_wait = method == "wait_for_snapshot"
    later = always(answer(200, queued(status="completed"))) if is_wait else script
    more: dict[str, Any] = {"timeout": 30, "poll_interval": 0.01} if is_wait else {}
    server, client = serve(script, later, credentials=CREDENTIALS, **options)

    try:
        flavor.call(client, method, *METHODS[method], **more)
    except AtlasError as error:
        assert status != 200 or method == "take_snapshot", error  # noqa: PT017  # both ends are valid

    assert len(server.requests) > 1
    assert other.connections == 0


@pytest.mark.parametrize("status", [200, 301, 302, 307, 308, 401, 503])
def test_redirects_of_token_endpoint_are_not_followed(
    flavor: ClientFlavor, serve: Serve, other: RawServer, status: int
) -> None:
    body = {"error": "moved", "token_endpoint": other.base_url}
    sent = answer(status, body, pointing_to(other.base_url))
    _, client = serve(always(sent), credentials=CREDENTIALS, max_retries=0)

    with pytest.raises(AtlasError):
        flavor.take(client)

    assert other.connections == 0
