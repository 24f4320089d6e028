from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import AtlasEmulator
from tests.notebook.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def emulator() -> Iterator[AtlasEmulator]:
    """Outside of the kernel, on the machine's clock: a notebook waits in real time."""
    with AtlasEmulator(snapshot_seconds=0.5) as emulator:
        yield emulator
    assert emulator.failures == ()


@pytest.fixture
def kernel(emulator: AtlasEmulator) -> Iterator[Kernel]:
    """A kernel with a client `atlas` of the emulator, and the names of a cluster."""
    with Kernel({**os.environ, **emulator.env}) as kernel:
        started = kernel.run(
            "from atlas_backups import AtlasBackups\n"
            "atlas = AtlasBackups()\n"
            f"where = {emulator.group_id!r}, {emulator.cluster_name!r}"
        )
        assert started.error is None
        yield kernel
        assert kernel.noise == ""
