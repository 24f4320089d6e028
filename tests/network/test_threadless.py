"""A process at its thread limit: only resolving names fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.flavor import sent

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

PROGRAM = Path(__file__).parent / "threadless.py"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts threads as processes")
def test_resolver_without_thread_is_transport_error(
    flavor: ClientFlavor, emulator: AtlasEmulator
) -> None:
    by_name = emulator.base_url.replace("127.0.0.1", "localhost")
    place = [emulator.group_id, emulator.cluster_name]
    arguments = json.dumps([flavor.name, place, emulator.base_url, by_name])

    done = subprocess.run(  # noqa: S603  # a program of ours
        [sys.executable, "-W", "error", str(PROGRAM), arguments],
        env={**os.environ, **emulator.env},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (done.returncode, done.stderr) == (0, "")
    without, with_threads = json.loads(done.stdout)
    assert without.startswith("TransportError")
    assert "resolve" in without
    assert "2 attempts" in without
    assert not with_threads
    assert [line.split()[0] for line in sent(emulator)] == ["POST"]
