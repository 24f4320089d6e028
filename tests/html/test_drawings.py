"""A drawing shows what the data says: all of it that matters, and nothing more."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

import atlas_backups as ab
from atlas_backups.html import render
from tests.html.reading import attribute, page, text, words
from tests.html.samples import (
    AT,
    BARE,
    CLUSTER,
    COVERAGE,
    ERRORS,
    GROUP_ID,
    OUTCOMES,
    PROJECT,
    SAMPLES,
    SHARDED,
    TAG,
    WEEKS,
    covered,
    taken,
    unfinished,
)


def rows(shown: object) -> list[list[str]]:
    return [
        [words(cell) for cell in row.query("td, th")]
        for row in page(shown).query("table.ab-grid tbody tr")
    ]


def facts(shown: object) -> dict[str, str]:
    lines = [line.query("th, td") for line in page(shown).query("table.ab-facts tr")]
    return {words(name): words(value) for name, value in lines}


def test_a_snapshot_is_a_card_with_a_table() -> None:
    shown = taken(timedelta(hours=3), description=f"{TAG}before release 42")

    assert facts(shown) == {
        "Description": "before release 42",
        "Requested": "2026-11-24 09:00:00 UTC · 3 h ago",
        "Data of": "2026-11-24 09:01:35 UTC · 2 h 58 min ago · 1 min 35 s later",
        "Expires": "2026-12-01 09:02:37 UTC · in 6 d 21 h",
        "Size": "3.9 GiB",
        "Taken": "onDemand",
        "Provider": "AWS",
        "Kind": "replicaSet",
        "MongoDB": "8.0.29",
        "Key tag": TAG.strip(),
        "Project": GROUP_ID,
        "Id": shown.id,
    }
    assert "Snapshot of Cluster0 completed" in text(shown)
    assert "ages as of 2026-11-24 12:00:00 UTC" in text(shown)


def test_what_atlas_has_not_said_is_not_shown() -> None:
    assert facts(BARE) == {
        "Requested": "2024-06-10 02:35:18 UTC · 897 d 9 h ago",
        "Project": GROUP_ID,
        "Id": "6" * 24,
    }
    assert "not said" in text(BARE)


def test_of_an_unfinished_one_nothing_is_final() -> None:
    shown = facts(unfinished(timedelta(minutes=2), "inProgress"))

    assert shown["Expires"].endswith("moves when it completes")
    assert not {"Size", "Data of", "Provider"} & set(shown)


@pytest.mark.parametrize("status", ["pendingReview", None])
def test_of_one_with_a_status_nobody_knows_no_end_is_told(status: str | None) -> None:
    shown = facts(taken(timedelta(1), status=status))

    assert "completes" not in shown["Expires"]


def test_a_time_without_a_zone_is_taken_for_utc() -> None:
    data, end = AT - timedelta(hours=2), AT + timedelta(days=3)
    with_zone = taken(timedelta(hours=3), created_at=data, expires_at=end)
    without = taken(
        timedelta(hours=3),
        created_at=data.replace(tzinfo=None),
        expires_at=end.replace(tzinfo=None),
    )
    days = tuple(AT.replace(tzinfo=None) - timedelta(days=day) for day in range(3))

    assert render(without, at=AT) == render(with_zone, at=AT)
    assert render(ab.SnapshotList([without]), at=AT) == render(ab.SnapshotList([with_zone]), at=AT)
    assert "Data of 3 of 30 days" in render(
        covered("c", scheduled_times=days, on_demand_times=(), taken_at=AT)
    )


@pytest.mark.parametrize("status", ["queued", "inProgress", "completed", "failed", "pendingReview"])
def test_a_state_is_a_word_and_a_shape_beside_the_colour(status: str) -> None:
    (chip,) = page(taken(timedelta(1), status=status)).query(".ab-chip")

    assert words(chip) == status
    assert chip.query("svg")


def test_no_two_states_have_one_shape() -> None:
    labels = ("queued", "inProgress", "completed", "failed", "pendingReview")
    shapes = {
        re.sub(
            r"ab-\w+", "", page(taken(timedelta(1), status=it)).query(".ab-chip svg")[0].to_html()
        )
        for it in labels
    }

    assert len(shapes) == len(labels)


def test_unknown_labels_and_fields_are_kept() -> None:
    shown = taken(timedelta(1), status="new", snapshot_type="odd", extra={"newField": [1]})

    assert facts(shown)["Taken"] == "odd · ondemand"
    assert facts(shown)["Also said"] == "newField: [1]"


def test_the_parts_of_a_sharded_cluster_are_a_table() -> None:
    assert rows(SHARDED) == [
        [member.replica_set_name, "AWS", member.id] for member in SHARDED.members
    ]
    assert facts(SHARDED)["Kind"] == "shardedCluster · config servers DEDICATED"


def test_a_list_is_a_table_with_a_time_line_a_row() -> None:
    found = rows(WEEKS)

    assert len(found) == len(WEEKS)
    assert found[0] == [
        "inProgress onDemand",
        "2 min ago 2026-11-24 11:58",
        "-",
        "in 7 d 2026-12-01 12:00",
        "",
        "-",
        f"before release 21 {WEEKS[0].id}",
    ]
    lines = page(WEEKS).query("tbody td:nth-child(5) svg")
    assert len(lines) == len(WEEKS)
    head = page(WEEKS).query("th[aria-sort=descending]")
    assert [words(it) for it in head] == ["Requested ▾"]
    assert "20 snapshots of Cluster0 17 completed 1 inProgress 1 failed 1 pendingReview" in text(
        WEEKS
    )


def test_only_a_sorted_list_says_so() -> None:
    assert not page(ab.SnapshotList(reversed(WEEKS))).query("[aria-sort]")


def test_the_largest_one_has_the_longest_bar() -> None:
    sizes = [1_000, 4_000, 2_000, 0, None]
    shown = ab.SnapshotList(taken(timedelta(1), storage_size_bytes=it) for it in sizes)

    widths = [float(attribute(bar, "width")) for bar in page(shown).query("rect")]

    assert widths == [16, 64, 32]


@pytest.mark.parametrize(
    ("count", "said"), [(2**59, "512.0 PiB"), (10**400, "over 1023 PiB"), (-(10**400), None)]
)
def test_a_size_that_nothing_has_is_drawn_all_the_same(count: int, said: str | None) -> None:
    odd = taken(timedelta(1), storage_size_bytes=count)

    assert facts(odd).get("Size") == said
    assert rows(ab.SnapshotList([odd, taken(timedelta(2))]))[0][5] == (said or "-")
    assert (said or "-") in text(covered("Cluster0", newest=odd))


def test_a_snapshot_that_outlives_the_time_line_ends_with_an_arrow() -> None:
    short, long = (
        render(
            ab.SnapshotList([taken(timedelta(days=3), expires_at=AT + timedelta(days=days))]), at=AT
        )
        for days in (2, 300)
    )

    assert "m-3-3l3 3l-3 3" not in short
    assert "m-3-3l3 3l-3 3" in long


def test_an_empty_list_says_so() -> None:
    assert "No snapshots." in text(ab.SnapshotList())


def test_snapshots_of_many_clusters_name_theirs() -> None:
    assert rows(SAMPLES["list-of-clusters"])[3][1] == "orders"
    assert text(SAMPLES["list-of-clusters"]).startswith("5 snapshots of 2 clusters")


def test_outcomes_have_the_failures_on_top() -> None:
    found = rows(OUTCOMES)

    assert [row[0] for row in found] == ["failed", "unknown", *["taken"] * 10]
    assert found[0][2] == "ValidationError A value is wrong."
    assert "12 snapshots asked for 1 failed 1 unknown 10 taken" in text(OUTCOMES)


def test_one_outcome_shows_itself() -> None:
    snapshot = OUTCOMES[0].snapshot

    assert snapshot
    assert rows(OUTCOMES[0])[0][:4] == ["taken", "Cluster0", "", f"completed {snapshot.id}"]


RUNNING = unfinished(timedelta(minutes=2), "inProgress")
FAILED = unfinished(timedelta(hours=1), "failed")


@pytest.mark.parametrize(
    ("snapshot", "error", "end", "shown"),
    [
        (None, ab.WaitTimeoutError("late", snapshot=RUNNING), "wait ended", RUNNING),
        (None, ab.WaitTimeoutError("late"), "wait ended", None),
        (RUNNING, ab.WaitTimeoutError("late"), "wait ended", RUNNING),
        (RUNNING, ab.UnauthorizedError("expired meanwhile"), "wait ended", RUNNING),
        (RUNNING, ab.SnapshotNotFoundError("deleted meanwhile"), "failed", RUNNING),
        (RUNNING, ab.DuplicateSnapshotsError("two"), "failed", RUNNING),
        (None, ab.AmbiguousOutcomeError("lost"), "unknown", None),
        (None, ab.SnapshotInProgressError("busy", snapshot=RUNNING), "failed", RUNNING),
        (None, ab.SnapshotFailedError("none", snapshot=FAILED), "failed", FAILED),
        (FAILED, None, "failed", FAILED),
        (RUNNING, None, "taken", RUNNING),
        (None, None, "unknown", None),
    ],
)
def test_an_outcome_is_called_what_it_is_and_shows_the_snapshot_it_is_about(
    snapshot: ab.Snapshot | None, error: ab.AtlasError | None, end: str, shown: ab.Snapshot | None
) -> None:
    request = ab.SnapshotRequest(group_id=GROUP_ID, cluster_name="Cluster0")
    outcome = ab.SnapshotOutcome(request=request, snapshot=snapshot, error=error)

    ((found, _, _, seen, *_),) = rows(outcome)

    assert found == end
    assert f"1 snapshot asked for 1 {end} " in text(outcome)
    assert seen == (f"{shown.status} {shown.id}" if shown else "-")


def test_an_outcome_of_what_was_no_request_shows_itself() -> None:
    refused = ab.SnapshotOutcome(request="Cluster0", error=ERRORS[7])  # type: ignore[arg-type]  # that is the point

    assert rows(refused)[0][:2] == ["failed", "-"]


def test_coverage_names_what_is_missing_and_draws_the_days() -> None:
    found = rows(COVERAGE)

    assert [row[:2] for row in found[:3]] == [
        ["all clusters Locked away", "not read"],
        ["reports Production", "not read"],
        ["sandbox Production", "none"],
    ]
    assert "backup off paused" in found[2][4]
    assert "failed: asked for 2 h ago" in found[3][4]
    assert "2 not read 1 without a snapshot 3 with a snapshot" in text(COVERAGE)
    labels = [attribute(it, "aria-label") for it in page(COVERAGE).query("td svg[role=img]")]
    assert labels == [
        "Data of 0 of 30 days, on 0 of them on demand",
        "Data of 9 of 30 days, on 0 of them on demand",
        "Data of 30 of 30 days, on 2 of them on demand",
        "Data of 30 of 30 days, on 2 of them on demand",
    ]


@pytest.mark.parametrize(
    ("ahead", "age", "days"),
    [(timedelta(minutes=10), "0 s ago", 1), (timedelta(minutes=11), "age not known", 0)],
)
def test_data_of_the_near_future_is_of_today(ahead: timedelta, age: str, days: int) -> None:
    entry = covered(
        "c",
        newest=taken(-ahead, created_at=AT + ahead),
        scheduled_times=(AT + ahead,),
        on_demand_times=(),
    )

    assert rows(entry)[0][1].startswith(age)
    assert f"Data of {days} of 30 days" in render(entry, at=AT)


def test_a_cluster_without_a_name_is_not_its_project() -> None:
    entry = covered("", error=ERRORS[0], project_name="P")

    assert rows(entry)[0][0] == "without a name P"


def test_of_many_running_ones_a_few_are_named() -> None:
    many = tuple(unfinished(timedelta(minutes=5), "inProgress", number) for number in range(1200))
    entry = covered("c", running=many, failed=unfinished(timedelta(minutes=9), "failed"))

    now = rows(entry)[0][4]

    assert now.count("inProgress: asked for 5 min ago") == 3
    assert "failed: asked for 9 min ago" in now
    assert "1\u202f197 more" in render(entry, at=AT)
    assert "more" not in rows(covered("c", running=many[:3]))[0][4]


def test_data_of_a_time_that_was_not_said_has_no_age() -> None:
    entry = covered("c", newest=taken(timedelta(hours=9), created_at=None))

    assert rows(entry)[0][1] == "age not known"


@pytest.mark.parametrize(("shown", "name"), [(PROJECT, "Production"), (CLUSTER, "Cluster0")])
def test_projects_and_clusters_are_small_cards(shown: object, name: str) -> None:
    assert f"{type(shown).__name__} {name}" in text(shown)


def test_a_cluster_says_yes_or_no() -> None:
    assert facts(CLUSTER)["Backup enabled"] == "yes"
    assert facts(CLUSTER)["Paused"] == "no"
    assert "Paused" not in facts(ab.Cluster(name="c", group_id=GROUP_ID))


def test_an_answer_shows_its_status_and_text() -> None:
    assert 'RawResponse 200 {"id": "6a79", "status": "queued"}' in text(SAMPLES["answer"])
