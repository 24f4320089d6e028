"""A fleet that is shown says what ended how, and what is not known when it is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import SnapshotRequest
from atlas_backups.progress import counting
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.html.samples import OUTCOMES

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from tests.flavor import ClientFlavor

TAKEN, FAILED = OUTCOMES[0], OUTCOMES[2]


def test_the_end_sums_up_what_failed(capfd: pytest.CaptureFixture[str]) -> None:
    with counting(3, running=lambda: 0) as show:
        for outcome in (TAKEN, FAILED, FAILED):
            show(outcome)

    lines = [line.split(" (")[0] for line in capfd.readouterr().err.splitlines()]
    assert lines == [
        "Cluster0: done; 1 ended, 0 of them with an error",
        "Cluster2: ended with AmbiguousOutcomeError; 2 ended, 1 of them with an error",
        "Cluster2: ended with AmbiguousOutcomeError; 3 ended, 2 of them with an error",
        "2 of 3 with an error: AmbiguousOutcomeError 2",
    ]


def test_where_all_went_well_there_is_nothing_to_sum_up(capfd: pytest.CaptureFixture[str]) -> None:
    with counting(None, running=lambda: 0) as show:
        show(TAKEN)

    assert len(capfd.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("stop", [KeyboardInterrupt, GeneratorExit])
def test_what_was_cut_off_is_unknown(
    capfd: pytest.CaptureFixture[str], stop: type[BaseException]
) -> None:
    progress = counting(9, running=lambda: 4)
    progress.__enter__()(TAKEN)
    assert not progress.__exit__(stop, stop(), None)

    assert "stopped after 1; of 4 more nobody knows whether they were taken" in (
        capfd.readouterr().err
    )


def test_nothing_is_unknown_when_nothing_was_running(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), counting(9, running=lambda: 0):
        raise KeyboardInterrupt

    assert capfd.readouterr().err == ""


def test_leaving_a_fleet_early_says_what_is_unknown(
    flavor: ClientFlavor, atlas: AtlasBackups, capfd: pytest.CaptureFixture[str]
) -> None:
    requests = [SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME) for _ in range(40)]
    outcomes = flavor.iterate(atlas, "take_snapshots", requests, progress=True, concurrency=4)
    next(outcomes)
    outcomes.close()

    assert "more nobody knows whether they were taken" in capfd.readouterr().err
