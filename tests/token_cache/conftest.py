# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from atlas_backups import AccessToken, ApiKey, AtlasBackups, ServiceAccount
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient

    Credential = ServiceAccount | ApiKey | AccessToken


class Sharing(Protocol):
    """Makes a client that shares its token; without credentials, of the service account."""

    def __call__(self, credentials: Credential | None = ..., /, **options: Any) -> AtlasBackups: ...


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture
def sharing(emulator: AtlasEmulator, make_client: MakeClient, cache: Path) -> Sharing:
    def make(credentials: Credential | None = None, /, **options: Any) -> AtlasBackups:
        options = {"base_url": emulator.base_url, "token_cache": cache, **options}
        return make_client(credentials or emulator.service_account, **options)

    return make
