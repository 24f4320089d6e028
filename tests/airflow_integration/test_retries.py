from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.emulator import Fault

from .programs import descendants, kill, parent, wait_until

if TYPE_CHECKING:
    from .deployment import Run
    from .world import Site

# Much longer than it takes to see the snapshot and to kill the one who asked for it.
HELD_BACK_SECONDS = 60.0


def take_without_an_answer(site: Site) -> tuple[Run, int]:
    """Start the DAG, and return when Atlas has the snapshot but has not said so: the task's pid."""
    fault = Fault(method="POST", path=site.path, delay=HELD_BACK_SECONDS)
    site.service.fault(fault)
    run = site.take()
    wait_until(lambda: len(site.snapshots) == 1, 60.0, "the snapshot is there")
    return run, run.task("take")["pid"]


def test_a_task_killed_between_post_and_defer_finds_its_snapshot_when_retried(site: Site) -> None:
    run, pid = take_without_an_answer(site)

    kill(pid)
    task = run.wait_for("take", "success", seconds=90.0)

    (snapshot,) = site.snapshots
    assert (snapshot.status, site.posts, task["try_number"]) == ("completed", 1, 2)
    assert run.xcom("take")["snapshot_id"] == snapshot.id


def test_a_task_whose_worker_died_with_it_finds_its_snapshot_when_rescheduled(site: Site) -> None:
    run, pid = take_without_an_answer(site)

    # The executor's worker has no time to report anything; the scheduler misses the heartbeats.
    worker = parent(pid)
    assert worker in descendants(site.airflow.scheduler.pid)
    for process in (worker, *descendants(worker), pid):
        kill(process)
    task = run.wait_for("take", "success", seconds=120.0)

    (snapshot,) = site.snapshots
    assert (snapshot.status, site.posts, task["try_number"]) == ("completed", 1, 2)
    assert run.xcom("take")["snapshot_id"] == snapshot.id


def test_a_task_cleared_after_its_success_takes_a_new_snapshot(site: Site) -> None:
    run = site.take()
    run.wait_for("take", "success")
    first = run.xcom("take")["snapshot_id"]
    # Cleared before that, the task may be overlooked: the scheduler just finds the run successful.
    run.wait_for_end()

    run.clear("take")
    wait_until(lambda: len(site.snapshots) == 2, 60.0, "the second snapshot is there")
    run.wait_for("take", "success")

    assert [item.status for item in site.snapshots] == ["completed", "completed"]
    assert [item.id for item in site.snapshots] == [first, run.xcom("take")["snapshot_id"]]
    assert site.posts == 2


def test_a_task_cleared_while_it_waits_lets_its_snapshot_end_and_takes_a_new_one(
    site: Site,
) -> None:
    site.service.next_snapshot(seconds=15.0, cluster_name=site.cluster_name)
    run = site.take("take_in_turn")
    run.wait_for("take", "deferred")
    first = run.xcom("take", "snapshot_id")

    run.clear("take")
    wait_until(lambda: len(site.snapshots) == 2, 90.0, "the second snapshot is there")
    run.wait_for("take", "success")

    assert [item.status for item in site.snapshots] == ["completed", "completed"]
    assert [item.id for item in site.snapshots] == [first, run.xcom("take")["snapshot_id"]]


def test_a_task_retried_after_it_waited_in_vain_waits_for_the_same_snapshot(site: Site) -> None:
    site.service.next_snapshot(never_ends=True, cluster_name=site.cluster_name)
    run = site.take("take_hurried")
    run.wait_for("take", "up_for_retry", seconds=90.0)
    first = run.xcom("take", "snapshot_id")
    task = run.wait_for("take", "deferred")

    (snapshot,) = site.snapshots
    assert (snapshot.status, site.posts, task["try_number"]) == ("inProgress", 1, 2)
    assert [first, run.xcom("take", "snapshot_id")] == [snapshot.id] * 2


def test_a_task_retried_after_its_snapshot_failed_takes_a_new_one(site: Site) -> None:
    site.service.next_snapshot(fails=True, cluster_name=site.cluster_name)
    run = site.take()
    task = run.wait_for("take", "success", seconds=90.0)

    failed, completed = site.snapshots
    assert (failed.status, completed.status) == ("failed", "completed")
    assert (site.posts, task["try_number"]) == (2, 2)
    assert run.xcom("take")["snapshot_id"] == completed.id
