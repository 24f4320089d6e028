from __future__ import annotations

from typing import TYPE_CHECKING

from .programs import wait_until

if TYPE_CHECKING:
    from .world import Site

POOL = "/pools/one_slot"


def test_deferred_run_takes_one_snapshot(site: Site) -> None:
    run = site.take()
    run.wait_for("take", "deferred")
    status_while_deferred = site.snapshots[0].status
    task = run.wait_for("take", "success")

    (snapshot,) = site.snapshots
    result = run.xcom("take")
    assert status_while_deferred in {"queued", "inProgress"}
    assert (snapshot.status, site.posts, task["try_number"]) == ("completed", 1, 1)
    assert (result["snapshot_id"], result["status"]) == (snapshot.id, "completed")
    assert result["cluster_name"] == site.cluster_name


def test_deferred_task_frees_worker_and_pool_slot(site: Site) -> None:
    site.service.next_snapshot(never_ends=True, cluster_name=site.cluster_name)
    run = site.take()
    run.wait_for("take", "deferred")

    # The deployment runs one task at a time, and both tasks need the one slot of the pool.
    other = site.airflow.trigger("hello", f"beside-{site.cluster_name}")
    other.wait_for("hello", "success")
    pool = site.airflow.rest.get(POOL)

    assert run.task("take")["state"] == "deferred"
    assert (pool["deferred_slots"], pool["occupied_slots"], pool["open_slots"]) == (1, 0, 1)
    assert [snapshot.status for snapshot in site.snapshots] == ["inProgress"]


def test_restarted_triggerer_continues_waiting(site: Site) -> None:
    site.service.next_snapshot(seconds=30.0, cluster_name=site.cluster_name)
    run = site.take()
    run.wait_for("take", "deferred")
    polls = site.polls
    wait_until(lambda: site.polls > polls, 30.0, "the trigger polls the snapshot")

    site.airflow.triggerer.kill()
    polls = site.polls
    assert run.task("take")["state"] == "deferred"
    site.airflow.triggerer.start()
    task = run.wait_for("take", "success", seconds=90.0)

    assert site.polls > polls
    assert ([item.status for item in site.snapshots], site.posts) == (["completed"], 1)
    assert task["try_number"] == 1
