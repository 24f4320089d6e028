"""The curl commands of Atlas's reference page, against the emulator."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Literal

import pytest

from atlas_backups.emulator import AtlasEmulator, Fault, Security

if TYPE_CHECKING:
    from collections.abc import Iterator

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="needs the program curl")

PAYLOAD = '{"description": "from curl", "retentionInDays": 42}'


@pytest.fixture
def emulator() -> Iterator[AtlasEmulator]:
    with AtlasEmulator() as emulator:
        yield emulator


def take(emulator: AtlasEmulator, *access: str) -> tuple[list[int], dict[str, object]]:
    """Run the command; return the statuses of all responses and the last body."""
    assert CURL is not None
    path = f"/api/atlas/v2/groups/{emulator.group_id}/clusters/{emulator.cluster_name}"
    command = [
        *(CURL, "--silent", "--show-error", "--max-time", "10", "--noproxy", "*", "--include"),
        *access,
        *("--header", "Accept: application/vnd.atlas.2025-03-12+json"),
        *("--header", "Content-Type: application/json"),
        *("-X", "POST", f"{emulator.base_url}{path}/backup/snapshots"),
        *("-d", PAYLOAD),
    ]
    result = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - as built here
    lines = result.stdout.split(b"\r\n")
    statuses = [int(line.split()[1]) for line in lines if line.startswith(b"HTTP/1.1 ")]
    return statuses, json.loads(result.stdout.rpartition(b"\r\n\r\n")[2])


def test_curl_with_static_token_takes_snapshot(emulator: AtlasEmulator) -> None:
    token = emulator.credential("access_token").secret

    statuses, view = take(emulator, "--header", f"Authorization: Bearer {token}")

    assert statuses == [200]
    assert view["description"] == "from curl"
    assert emulator.snapshots[-1].id == view["id"]


def test_curl_with_issued_token_takes_snapshot(emulator: AtlasEmulator) -> None:
    assert CURL is not None
    account = emulator.credential("service_account")
    command = [
        *(CURL, "--silent", "--show-error", "--fail", "--noproxy", "*"),
        *("--user", f"{account.id}:{account.secret}"),
        *("--data", "grant_type=client_credentials"),
        f"{emulator.base_url}/api/oauth/token",
    ]
    granted = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - as built here
    token = json.loads(granted.stdout)["access_token"]

    statuses, view = take(emulator, "--header", f"Authorization: Bearer {token}")

    assert statuses == [200]
    assert view["status"] == "queued"


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_curl_with_api_key_takes_snapshot(
    emulator: AtlasEmulator, algorithm: Literal["MD5", "SHA-256"]
) -> None:
    emulator.security = Security(digest_algorithm=algorithm)
    key = emulator.credential("api_key")

    statuses, view = take(emulator, "--user", f"{key.id}:{key.secret}", "--digest")

    assert statuses == [401, 200]
    assert view["description"] == "from curl"
    sent = emulator.requests[-1].header("Authorization")
    assert sent is not None
    assert f"algorithm={algorithm}" in sent


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_curl_with_wrong_key_is_rejected(
    emulator: AtlasEmulator, algorithm: Literal["MD5", "SHA-256"]
) -> None:
    emulator.security = Security(digest_algorithm=algorithm)
    key = emulator.credential("api_key")
    before = len(emulator.snapshots)

    statuses, view = take(emulator, "--user", f"{key.id}:wrong", "--digest")

    assert set(statuses) == {401}
    assert view["errorCode"] == "UNEXPECTED_ERROR"
    assert len(emulator.snapshots) == before


def test_curl_handles_stale_nonce(emulator: AtlasEmulator) -> None:
    old = 'Digest realm="MMS Public API", domain="", nonce="old", algorithm=MD5, qop="auth"'
    emulator.fault(Fault(status=401, headers={"Www-Authenticate": old}))
    key = emulator.credential("api_key")

    statuses, view = take(emulator, "--user", f"{key.id}:{key.secret}", "--digest")

    assert statuses == [401, 401, 200]
    assert emulator.snapshots[-1].id == view["id"]
