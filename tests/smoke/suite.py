"""Smoke tests of an installed wheel on each Python and system, without test packages.

Run it with the Python of the environment that the wheel was installed into, with the folder of the
command `atlas-backups` first in PATH: `make smoke` does, and the workflow that builds the wheels.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import shutil
import subprocess
import sys
import unittest
from importlib import metadata, resources
from pathlib import Path

import atlas_backups
from atlas_backups import AtlasBackups, Snapshot
from atlas_backups.emulator import AtlasEmulator

SECONDS = 60


class Package(unittest.TestCase):
    def test_package_is_the_installed_one(self) -> None:
        assert Path(atlas_backups.__file__).resolve().is_relative_to(Path(sys.prefix).resolve())
        assert atlas_backups.__version__ == metadata.version("atlas-backups")

    def test_package_has_no_dependencies(self) -> None:
        needed = metadata.requires("atlas-backups") or []
        assert [need for need in needed if "extra ==" not in need] == []

    def test_package_is_typed(self) -> None:
        files = resources.files("atlas_backups")
        assert files.joinpath("py.typed").is_file()
        assert files.joinpath("_core.pyi").is_file()

    def test_package_contains_sbom(self) -> None:
        names = [path.name for path in metadata.files("atlas-backups") or []]
        assert "atlas-backups.cyclonedx.json" in names
        assert "LICENSE" in names


class Client(unittest.TestCase):
    def setUp(self) -> None:
        self.emulator = AtlasEmulator(snapshot_seconds=0.5)
        self.emulator.start()
        self.addCleanup(self.emulator.stop)

    def client(self) -> AtlasBackups:
        return AtlasBackups(self.emulator.credentials, base_url=self.emulator.base_url)

    def test_take_and_wait(self) -> None:
        with self.client() as atlas:
            taken = atlas.take_snapshot(self.emulator.group_id, self.emulator.cluster_name)
            done = atlas.wait_for_snapshot(taken)

        assert (done.id, done.status) == (taken.id, "completed")

    def test_take_and_wait_async(self) -> None:
        async def take() -> tuple[Snapshot, Snapshot]:
            async with self.client() as atlas:
                taken = await atlas.take_snapshot_async(
                    self.emulator.group_id, self.emulator.cluster_name
                )
                return taken, await atlas.wait_for_snapshot_async(taken)

        taken, done = asyncio.run(take())

        assert (done.id, done.status) == (taken.id, "completed")

    def test_snapshot_and_error_are_picklable(self) -> None:
        with self.client() as atlas:
            taken = atlas.take_snapshot(self.emulator.group_id, self.emulator.cluster_name)
            try:
                atlas.take_snapshot(self.emulator.group_id, self.emulator.cluster_name)
            except atlas_backups.SnapshotInProgressError as error:
                rejected = error
            else:
                self.fail("a second snapshot was taken at the same time")

        assert pickle.loads(pickle.dumps(taken)) == taken  # noqa: S301  # made here
        assert pickle.loads(pickle.dumps(rejected)).error_code == rejected.error_code  # noqa: S301


class Program(unittest.TestCase):
    def run_program(self, *words: str, **environment: str) -> str:
        done = subprocess.run(  # noqa: S603  # the program under test
            words,
            env={**os.environ, "PYTHONUTF8": "1", **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_demo_runs(self) -> None:
        assert "completed" in self.run_program(sys.executable, "-m", "atlas_backups", "demo")

    def test_command_takes_snapshot(self) -> None:
        command = shutil.which("atlas-backups")
        assert command, "not in PATH"

        with AtlasEmulator(snapshot_seconds=0.5) as emulator:
            words = ("take", emulator.cluster_name, "--wait", "--output", "json")
            printed = self.run_program(command, *words, **emulator.env)

        assert json.loads(printed)["status"] == "completed"


if __name__ == "__main__":
    unittest.main()
