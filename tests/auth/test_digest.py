"""API keys: HTTP Digest with a reused nonce."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from atlas_backups import ApiKey, UnauthorizedError
from atlas_backups.emulator import Security
from tests.flavor import PATH

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ReceivedRequest
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor


@pytest.fixture(params=["MD5", "SHA-256"])
def algorithm(request: pytest.FixtureRequest, emulator: AtlasEmulator) -> str:
    name: str = request.param
    emulator.security = Security(digest_algorithm=request.param)
    return name


@pytest.fixture
def atlas(emulator: AtlasEmulator, make_client: MakeClient) -> AtlasBackups:
    return make_client(emulator.api_key, base_url=emulator.base_url)


def sent(request: ReceivedRequest) -> dict[str, str]:
    header = request.header("Authorization") or ""
    return {name: a or b for name, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', header)}


def statuses(emulator: AtlasEmulator) -> list[int | None]:
    return [request.status for request in emulator.requests]


def test_first_digest_call_takes_two_round_trips_and_the_next_one(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, algorithm: str
) -> None:
    flavor.take(atlas)
    flavor.take(atlas, envelope=True)
    flavor.take(atlas)

    assert statuses(emulator) == [401, 200, 200, 200]
    bare, *proved = emulator.requests
    assert bare.header("Authorization") is None
    assert [sent(request)["nc"] for request in proved] == ["00000001", "00000002", "00000003"]
    assert len({sent(request)["nonce"] for request in proved}) == 1
    assert len({sent(request)["cnonce"] for request in proved}) == 3
    assert {sent(request)["algorithm"] for request in proved} == {algorithm}
    assert [sent(request)["uri"] for request in proved] == [PATH, f"{PATH}?envelope=true", PATH]


def test_wrong_private_key_raises_unauthorized(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, algorithm: str
) -> None:
    public = emulator.credential("api_key").id
    client = make_client(ApiKey(public, "wrong-private-key"), base_url=emulator.base_url)

    with pytest.raises(UnauthorizedError, match="private key is wrong") as caught:
        flavor.take(client)

    assert (caught.value.status, caught.value.error_code) == (401, "UNEXPECTED_ERROR")
    assert statuses(emulator) == [401, 401]
    assert sent(emulator.requests[1])["algorithm"] == algorithm
