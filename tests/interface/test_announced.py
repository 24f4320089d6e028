"""Nothing public changes unannounced: names, signatures, defaults, fields, bases, options."""

from __future__ import annotations

import difflib

from tests.interface.description import WRITTEN, described

ANNOUNCE = (
    "The public interface is not what tests/interface/public.txt says. If that is meant: say so in"
    " CHANGELOG.md, keep to the policy in CONTRIBUTING.md, and run `make interface`."
)


def test_the_public_interface_is_as_written() -> None:
    written = WRITTEN.read_text(encoding="utf-8").splitlines()

    difference = list(difflib.unified_diff(written, described().splitlines(), n=0, lineterm=""))

    assert not difference, "\n".join([ANNOUNCE, *difference[2:]])


def test_the_description_has_every_kind_of_thing() -> None:
    lines = described().splitlines()

    for line in (
        "class atlas_backups.TransportError(AtlasError, ConnectionError)",
        "def atlas_backups.AccessToken.__new__(token: str) -> AccessToken",
        "property atlas_backups.Snapshot.is_final: bool",
        "atlas_backups.IfBusy: TypeAlias = Literal['raise', 'wait', 'join']",
        "atlas-backups take --if-busy 1 of ['join', 'raise', 'wait'] = 'raise'",
    ):
        assert line in lines
    for start in (
        "async def atlas_backups.AtlasBackups.take_snapshot_async(group_id: str, ",
        "class atlas_backups.airflow.AtlasSnapshotTrigger(",
        "def atlas_backups.emulator.AtlasEmulator.__init__(world: World | None = None",
    ):
        assert [line for line in lines if line.startswith(start)], start
