"""The attributes that every exception of the core has: hint, attempts, elapsed, method, path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import atlas_backups as ab
from tests.bodies import SNAPSHOT_ID, error
from tests.flavor import BRIEF, CLUSTER_NAME, GROUP_ID, PATH, ClientFlavor
from tests.raw_server import CLOSE, NEVER, READ, Script, answer

if TYPE_CHECKING:
    from tests.conftest import MakeClient, Serve

DENIED = answer(403, error(403, "USER_CANNOT_ACCESS"))
UNUSABLE = answer(200, {"results": "none"})
CASES: list[tuple[type[ab.AtlasError], str, tuple[Any, ...], Script, int, str]] = [
    (ab.ForbiddenError, "take_snapshot", (), [READ, DENIED], 1, "POST"),
    (ab.AmbiguousOutcomeError, "take_snapshot", (), [READ, CLOSE], 1, "POST"),
    (ab.RequestTimeoutError, "list_snapshots", (), [READ, NEVER], 1, "GET"),
    (ab.InvalidResponseError, "list_snapshots", (), [READ, UNUSABLE], 1, "GET"),
    (ab.WaitTimeoutError, "wait_for_snapshot", (SNAPSHOT_ID,), [READ, NEVER], 1, "GET"),
]


@pytest.mark.parametrize(("expected", "name", "more", "script", "attempts", "verb"), CASES)
def test_error_of_a_request_has_its_attributes(  # noqa: PLR0913, PLR0917  # fixtures and columns
    flavor: ClientFlavor,
    serve: Serve,
    expected: type[ab.AtlasError],
    name: str,
    more: tuple[Any, ...],
    script: Script,
    attempts: int,
    verb: str,
) -> None:
    _, client = serve(script, total_timeout=BRIEF, max_retries=0)
    options = {"timeout": 0.5} if name == "wait_for_snapshot" else {}

    with pytest.raises(expected) as caught:
        flavor.call(client, name, GROUP_ID, CLUSTER_NAME, *more, **options)

    raised = caught.value
    assert (raised.attempts, raised.method) == (attempts, verb)
    assert (raised.path or "").startswith(PATH)
    assert raised.elapsed is not None
    assert 0 <= raised.elapsed < BRIEF + 1
    assert raised.hint is None or raised.hint in str(raised)


def test_transport_error_has_its_attributes(flavor: ClientFlavor, make_client: MakeClient) -> None:
    client = make_client(ab.AccessToken("a-token"), base_url="http://127.0.0.1:1", max_retries=0)

    with pytest.raises(ab.TransportError) as caught:
        flavor.take(client)

    assert (caught.value.method, caught.value.path, caught.value.attempts) == ("POST", PATH, 1)


def test_error_without_a_request_has_none(flavor: ClientFlavor, serve: Serve) -> None:
    _, client = serve([])

    with pytest.raises(ab.InvalidArgumentError) as caught:
        flavor.call(client, "take_snapshot", "x", CLUSTER_NAME)

    raised = caught.value
    assert (raised.method, raised.path, raised.attempts, raised.elapsed) == (None,) * 4
