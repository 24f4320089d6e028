"""A Go program with a service account, built and run against the emulator.

The reference page's own example needs the official SDK, whose module cannot be had everywhere;
this one stands on the same OAuth library beneath it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from atlas_backups.emulator import AtlasEmulator

SOURCE = Path(__file__).parent / "go"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # No skip: `make test-interop` requires this program.
    go = shutil.which("go")
    assert go is not None, "needs Go"
    built = tmp_path_factory.mktemp("go") / "peer"
    command = [go, "build", "-mod=readonly", "-buildvcs=false", "-o", str(built), "."]
    done = subprocess.run(  # noqa: S603  # as built here
        command, cwd=SOURCE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return built


def run(
    program: Path, emulator: AtlasEmulator, cluster_name: str, **changes: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # as built above
        [str(program), cluster_name],
        env={**os.environ, **emulator.env, **changes},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("cluster", ["cluster_name", "sharded_cluster_name"])
def test_go_program_takes_snapshot(program: Path, emulator: AtlasEmulator, cluster: str) -> None:
    done = run(program, emulator, getattr(emulator, cluster))

    assert (done.returncode, done.stderr) == (0, "")
    held = emulator.snapshots[-1]
    assert done.stdout.split() == [held.id, "queued"]
    assert held.cluster_name == getattr(emulator, cluster)
    assert held.description == "from Go"
    assert [(request.path.split("/")[2], request.status) for request in emulator.requests] == [
        ("oauth", 200),
        ("atlas", 200),
    ]


def test_go_program_with_wrong_secret_fails(program: Path, emulator: AtlasEmulator) -> None:
    before = emulator.snapshots

    done = run(program, emulator, emulator.cluster_name, MONGODB_ATLAS_CLIENT_SECRET="wrong")

    assert done.returncode == 1
    assert "invalid_client" in done.stderr
    assert emulator.snapshots == before


def test_go_program_reports_unknown_cluster(program: Path, emulator: AtlasEmulator) -> None:
    done = run(program, emulator, "NoSuchCluster")

    assert done.returncode == 1
    assert "404" in done.stderr
