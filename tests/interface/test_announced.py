"""Nothing public changes unseen: names, signatures, defaults, bases, options, entry points."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from tests.interface.description import WRITTEN, described

if TYPE_CHECKING:
    import pytest

ANNOUNCE = (
    "The public interface is not what tests/interface/public.txt says. If that is meant: keep to"
    " the policy in CONTRIBUTING.md, say so in CHANGELOG.md, and run `make interface`, whose"
    " difference a reviewer reads. This test does not read CHANGELOG.md."
)


def test_public_interface_is_unchanged() -> None:
    written = WRITTEN.read_text(encoding="utf-8").splitlines()

    difference = list(difflib.unified_diff(written, described().splitlines(), n=0, lineterm=""))

    assert not difference, "\n".join([ANNOUNCE, *difference[2:]])


def test_description_has_each_kind_of_entry() -> None:
    lines = described().splitlines()

    for line in (
        "class atlas_backups.TransportError(AtlasError, ConnectionError)",
        "def atlas_backups.AccessToken.__new__(token: str) -> AccessToken",
        "property atlas_backups.Snapshot.is_final: bool",
        "atlas_backups.IfBusy: TypeAlias = Literal['raise', 'wait', 'join']",
        "atlas-backups take --if-busy 1 of ['join', 'raise', 'wait'] = 'raise'",
        "atlas-backups take --wait-timeout 1 float = 3600",
        "atlas-backups take -v, --verbose (count) = 0",
        "atlas-backups retain one of: --days, --weeks, --months, --years required",
        "atlas-backups --version (version)",
        "class atlas_backups.SnapshotList(FrozenSequence[Snapshot](Sequence[ItemT_co]))",
        "@pytest.fixture def atlas_emulator() -> Iterator[AtlasEmulator]",
        "extra airflow",
        "entry point console_scripts atlas-backups = atlas_backups.cli:main",
    ):
        assert line in lines
    for start in (
        "async def atlas_backups.AtlasBackups.take_snapshot_async(group_id: str, ",
        "class atlas_backups.airflow.AtlasSnapshotTrigger(",
        "@dataclass(frozen=True, slots=True, kw_only=True, repr=False) class atlas_backups.Link(",
        "atlas_backups.Snapshot.extra: Mapping[str, Any]",
        "def atlas_backups.emulator.AtlasEmulator.__init__(world: World | None = None",
    ):
        assert [line for line in lines if line.startswith(start)], start


def test_description_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = described()
    monkeypatch.setenv("MONGODB_ATLAS_PROJECT_ID", "66b0aa11bb22cc33dd44ee55")

    assert described() == expected
