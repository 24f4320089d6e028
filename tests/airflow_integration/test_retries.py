from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_backups.emulator import Fault

from .programs import descendants, kill, parent, wait_until

if TYPE_CHECKING:
    from .deployment import Run
    from .world import Site

# Longer than it takes to observe the snapshot and to kill the task.
RESPONSE_DELAY = 60.0


def take_without_response(site: Site) -> tuple[Run, int]:
    """Start the DAG; return the pid of the task before it receives the response of the POST."""
    fault = Fault(method="POST", path=site.path, delay=RESPONSE_DELAY)
    site.service.fault(fault)
    run = site.take()
    wait_until(lambda: len(site.snapshots) == 1, 60.0, "the snapshot exists")
    return run, run.task("take")["pid"]


def test_task_killed_between_post_and_defer_finds_its_snapshot(site: Site) -> None:
    run, pid = take_without_response(site)

    kill(pid)
    task = run.wait_for("take", "success", seconds=90.0)

    (snapshot,) = site.snapshots
    assert (snapshot.status, site.posts, task["try_number"]) == ("completed", 1, 2)
    assert run.xcom("take")["snapshot_id"] == snapshot.id


def test_task_with_killed_worker_finds_its_snapshot(site: Site) -> None:
    run, pid = take_without_response(site)

    # The worker cannot report anything; the scheduler notices the missing heartbeats.
    worker = parent(pid)
    assert worker in descendants(site.airflow.scheduler.pid)
    for process in (worker, *descendants(worker), pid):
        kill(process)
    task = run.wait_for("take", "success", seconds=120.0)

    (snapshot,) = site.snapshots
    assert (snapshot.status, site.posts, task["try_number"]) == ("completed", 1, 2)
    assert run.xcom("take")["snapshot_id"] == snapshot.id


def test_task_cleared_after_success_takes_new_snapshot(site: Site) -> None:
    run = site.take()
    run.wait_for("take", "success")
    first = run.xcom("take")["snapshot_id"]
    # The scheduler may ignore a task that is cleared while it finishes the run.
    run.wait_for_end()

    run.clear("take")
    wait_until(lambda: len(site.snapshots) == 2, 60.0, "the second snapshot exists")
    run.wait_for("take", "success")

    assert [item.status for item in site.snapshots] == ["completed", "completed"]
    assert [item.id for item in site.snapshots] == [first, run.xcom("take")["snapshot_id"]]
    assert site.posts == 2


def test_task_cleared_while_deferred_takes_new_snapshot(
    site: Site,
) -> None:
    site.service.next_snapshot(seconds=15.0, cluster_name=site.cluster_name)
    run = site.take("take_in_turn")
    run.wait_for("take", "deferred")
    first = run.xcom("take", "snapshot_id")

    run.clear("take")
    wait_until(lambda: len(site.snapshots) == 2, 90.0, "the second snapshot exists")
    run.wait_for("take", "success")

    assert [item.status for item in site.snapshots] == ["completed", "completed"]
    assert [item.id for item in site.snapshots] == [first, run.xcom("take")["snapshot_id"]]


def test_task_retried_after_timeout_waits_for_same_snapshot(site: Site) -> None:
    site.service.next_snapshot(never_ends=True, cluster_name=site.cluster_name)
    run = site.take("take_hurried")
    run.wait_for("take", "up_for_retry", seconds=90.0)
    first = run.xcom("take", "snapshot_id")
    task = run.wait_for("take", "deferred")

    (snapshot,) = site.snapshots
    assert (snapshot.status, site.posts, task["try_number"]) == ("inProgress", 1, 2)
    assert [first, run.xcom("take", "snapshot_id")] == [snapshot.id] * 2


def test_task_retried_after_failed_snapshot_takes_new_one(site: Site) -> None:
    site.service.next_snapshot(fails=True, cluster_name=site.cluster_name)
    run = site.take()
    task = run.wait_for("take", "success", seconds=90.0)

    failed, completed = site.snapshots
    assert (failed.status, completed.status) == ("failed", "completed")
    assert (site.posts, task["try_number"]) == (2, 2)
    assert run.xcom("take")["snapshot_id"] == completed.id
