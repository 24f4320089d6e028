"""`take_snapshot_raw` returns the response unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AmbiguousOutcomeError, RawResponse, TransportError
from atlas_backups.emulator import Fault
from tests.bodies import error
from tests.raw_server import CLOSE, READ, RESET, always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor


def test_raw_returns_status_headers_and_text(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    response = flavor.take_raw(atlas, description="raw")

    assert type(response) is RawResponse
    assert response.status == 200
    assert response.json()["id"] in {held.id for held in emulator.snapshots}
    assert response.json()["frequencyType"] == "ondemand"
    assert response.headers["content-type"].startswith("application/vnd.atlas.")
    assert response.headers["RATELIMIT-LIMIT"] == "1200"


def test_text_and_headers_are_unchanged(flavor: ClientFlavor, serve: Serve) -> None:
    text = '\n {"id" : "not an id", "ä" : 1.50 , "n": 1e400 } \n'
    server, client = serve(always(answer(200, text, {"X-One": "1", "x-one": "2"})))

    response = flavor.take_raw(client)

    assert response.text == text
    assert response.headers["X-One"] in ("1, 2", "2")
    assert response.headers["content-length"] == str(len(text.encode()))
    assert len(server.requests) == 1


def test_repeated_header_is_joined(flavor: ClientFlavor, serve: Serve) -> None:
    lines = b"HTTP/1.1 200 OK\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: 2\r\n\r\n{}"
    _, client = serve(always(lines))

    assert flavor.take_raw(client).headers["x-one"] == "1, 2"


@pytest.mark.parametrize("status", [302, 400, 402, 403, 404, 405, 408, 409, 410, 429, 500, 503])
def test_error_status_is_returned_without_retry(
    flavor: ClientFlavor, serve: Serve, status: int
) -> None:
    body = error(status, "SOME_CODE")
    headers = {"Retry-After": "60", "Location": "http://127.0.0.1:9/"}
    server, client = serve(always(answer(status, body, headers)))

    response = flavor.take_raw(client)

    assert (response.status, response.json()) == (status, body)
    assert len(server.requests) == 1


def test_second_401_is_returned_after_token_renewal(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.credentials, base_url=emulator.base_url)
    body = json.dumps(error(401, "UNEXPECTED_ERROR")).encode()
    emulator.fault(Fault(path="/backup/", status=401, body=body, times=None))

    response = flavor.take_raw(client)

    assert response.status == 401
    assert [request.path.endswith("token") for request in emulator.requests] == [
        True,
        False,
        True,
        False,
    ]


def test_json_of_html_raises(flavor: ClientFlavor, serve: Serve) -> None:
    _, client = serve(always(answer(503, "<html>", {"Content-Type": "text/html"})))

    response = flavor.take_raw(client)

    assert response.text == "<html>"
    with pytest.raises(ValueError, match="Expecting value"):
        response.json()


@pytest.mark.parametrize("end", [CLOSE, RESET])
def test_missing_response_is_ambiguous_and_not_repeated(
    flavor: ClientFlavor, serve: Serve, end: str
) -> None:
    server, client = serve([READ, end])  # type: ignore[list-item]  # one of the literals

    with pytest.raises(AmbiguousOutcomeError) as caught:
        flavor.take_raw(client)

    assert type(caught.value.cause) is TransportError
    assert len(server.requests) == 1
