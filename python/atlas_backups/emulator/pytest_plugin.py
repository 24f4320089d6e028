"""The fixture `atlas_emulator`, known to pytest wherever the package is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_backups.emulator import AtlasEmulator


@pytest.fixture
def atlas_emulator() -> Iterator[AtlasEmulator]:
    """A running `AtlasEmulator` with the default world, fresh for every test."""
    # Imported here because pytest loads this module in every project of the environment.
    from atlas_backups.emulator import AtlasEmulator  # noqa: PLC0415

    with AtlasEmulator() as emulator:
        yield emulator
