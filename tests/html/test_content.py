"""Cards and tables show the fields of results and exceptions."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta

import pytest

import atlas_backups as ab
from atlas_backups import errors
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
    hinted,
    taken,
    unfinished,
)

STATUSES = ("queued", "inProgress", "completed", "failed", "pendingReview")
RUNNING = unfinished(timedelta(minutes=2), "inProgress")
FAILED = unfinished(timedelta(hours=1), "failed")
TREE = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, ab.AtlasError)
]


def rows(shown: object) -> list[list[str]]:
    return [
        [words(cell) for cell in row.query("td, th")]
        for row in page(shown).query("table.ab-grid tbody tr")
    ]


def fields(shown: object) -> dict[str, str]:
    lines = [line.query("th, td") for line in page(shown).query("table.ab-facts tr")]
    return {words(name): words(value) for name, value in lines}


def test_snapshot_card_shows_all_fields() -> None:
    shown = taken(timedelta(hours=3), description=f"{TAG}before release 42")

    assert fields(shown) == {
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


def test_snapshot_card_leaves_out_unknown_fields() -> None:
    assert fields(BARE) == {
        "Requested": "2024-06-10 02:35:18 UTC · 897 d 9 h ago",
        "Project": GROUP_ID,
        "Id": "6" * 24,
    }


@pytest.mark.parametrize("status", [*STATUSES, None])
def test_only_the_expiry_of_an_unfinished_snapshot_moves(status: str | None) -> None:
    shown = fields(taken(timedelta(1), status=status))

    assert ("moves when it completes" in shown["Expires"]) == (status in {"queued", "inProgress"})


def test_naive_time_is_utc() -> None:
    data, end = AT - timedelta(hours=2), AT + timedelta(days=3)
    aware = taken(timedelta(hours=3), created_at=data, expires_at=end)
    naive = taken(
        timedelta(hours=3),
        created_at=data.replace(tzinfo=None),
        expires_at=end.replace(tzinfo=None),
    )
    days = tuple(AT.replace(tzinfo=None) - timedelta(days=day) for day in range(3))

    assert render(naive, at=AT) == render(aware, at=AT)
    assert render(ab.SnapshotList([naive]), at=AT) == render(ab.SnapshotList([aware]), at=AT)
    assert "Data of 3 of 30 days" in render(
        covered("c", scheduled_times=days, on_demand_times=(), taken_at=AT)
    )


def test_status_badge_has_a_word_and_a_shape_of_its_own() -> None:
    badges = [page(taken(timedelta(1), status=it)).query(".ab-badge")[0] for it in STATUSES]
    shapes = {re.sub(r"ab-\w+", "", badge.query("svg")[0].to_html()) for badge in badges}

    assert tuple(map(words, badges)) == STATUSES
    assert len(shapes) == len(STATUSES)


def test_unknown_labels_and_fields_are_shown() -> None:
    shown = fields(taken(timedelta(1), status="new", snapshot_type="odd", extra={"newField": [1]}))

    assert shown["Taken"] == "odd · ondemand"
    assert shown["Other fields"] == "newField: [1]"


def test_card_of_a_sharded_cluster_has_a_table_of_parts() -> None:
    assert rows(SHARDED) == [
        [member.replica_set_name, "AWS", member.id] for member in SHARDED.members
    ]
    assert fields(SHARDED)["Kind"] == "shardedCluster · config servers DEDICATED"


def test_list_is_a_table_with_a_timeline_per_row() -> None:
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
    assert len(page(WEEKS).query("tbody td:nth-child(5) svg")) == len(WEEKS)
    sorted_columns = page(WEEKS).query("th[aria-sort=descending]")
    assert [words(it) for it in sorted_columns] == ["Requested ▾"]
    assert not page(ab.SnapshotList(reversed(WEEKS))).query("[aria-sort]")
    counts = "17 completed 1 inProgress 1 failed 1 pendingReview"
    assert f"20 snapshots of Cluster0 {counts}" in text(WEEKS)
    assert "No snapshots." in text(ab.SnapshotList())


def test_size_bars_are_proportional() -> None:
    sizes = [1_000, 4_000, 2_000, 0, None]
    shown = ab.SnapshotList(taken(timedelta(1), storage_size_bytes=it) for it in sizes)

    assert [attribute(bar, "width") for bar in page(shown).query("rect")] == ["16", "64", "32"]


@pytest.mark.parametrize(
    ("count", "shown"), [(2**59, "512.0 PiB"), (10**400, "over 1023 PiB"), (-(10**400), None)]
)
def test_absurd_size_is_drawn(count: int, shown: str | None) -> None:
    odd = taken(timedelta(1), storage_size_bytes=count)

    assert fields(odd).get("Size") == shown
    assert rows(ab.SnapshotList([odd, taken(timedelta(2))]))[0][5] == (shown or "-")
    assert (shown or "-") in text(covered("Cluster0", newest=odd))


@pytest.mark.parametrize(("days", "has_arrow"), [(2, False), (300, True)])
def test_timeline_beyond_the_axis_ends_with_an_arrow(days: int, has_arrow: bool) -> None:
    snapshot = taken(timedelta(days=3), expires_at=AT + timedelta(days=days))

    assert ("m-3-3l3 3l-3 3" in render(ab.SnapshotList([snapshot]), at=AT)) == has_arrow


def test_list_of_several_clusters_has_a_column_for_them() -> None:
    assert rows(SAMPLES["list-of-clusters"])[3][1] == "orders"
    assert text(SAMPLES["list-of-clusters"]).startswith("5 snapshots of 2 clusters")


def test_outcomes_have_failures_first() -> None:
    found = rows(OUTCOMES)

    assert [row[0] for row in found] == ["failed", "unknown", *["taken"] * 10]
    assert found[0][2] == "ValidationError A value is wrong."
    assert "12 snapshots requested 1 failed 1 unknown 10 taken" in text(OUTCOMES)


@pytest.mark.parametrize(
    ("snapshot", "error", "end", "shown"),
    [
        (None, ab.WaitTimeoutError("late", snapshot=RUNNING), "wait ended", RUNNING),
        (None, ab.WaitTimeoutError("late"), "wait ended", None),
        (RUNNING, ab.WaitTimeoutError("late"), "wait ended", RUNNING),
        (RUNNING, ab.UnauthorizedError("expired meanwhile"), "wait ended", RUNNING),
        (RUNNING, ab.SnapshotNotFoundError("deleted meanwhile"), "failed", RUNNING),
        (RUNNING, ab.DuplicateSnapshotsError("two"), "failed", RUNNING),
        (None, ab.AmbiguousOutcomeError("unknown"), "unknown", None),
        (None, ab.SnapshotInProgressError("busy", snapshot=RUNNING), "failed", RUNNING),
        (None, ab.SnapshotFailedError("none", snapshot=FAILED), "failed", FAILED),
        (FAILED, None, "failed", FAILED),
        (RUNNING, None, "taken", RUNNING),
        (None, None, "unknown", None),
    ],
)
def test_outcome_shows_its_kind_and_its_snapshot(
    snapshot: ab.Snapshot | None, error: ab.AtlasError | None, end: str, shown: ab.Snapshot | None
) -> None:
    request = ab.SnapshotRequest(group_id=GROUP_ID, cluster_name="Cluster0")
    outcome = ab.SnapshotOutcome(request=request, snapshot=snapshot, error=error)

    ((kind, cluster, _, found, *_),) = rows(outcome)

    assert (kind, cluster) == (end, "Cluster0")
    assert f"1 snapshot requested 1 {end} " in text(outcome)
    assert found == (f"{shown.status} {shown.id}" if shown else "-")


def test_outcome_of_an_invalid_request_is_drawn() -> None:
    outcome = ab.SnapshotOutcome(request="Cluster0", error=ERRORS[7])  # type: ignore[arg-type]  # invalid on purpose

    assert rows(outcome)[0][:2] == ["failed", "-"]


def test_coverage_shows_gaps_and_a_calendar() -> None:
    found = rows(COVERAGE)

    assert [row[:2] for row in found[:3]] == [
        ["all clusters Locked away", "not read"],
        ["reports Production", "not read"],
        ["sandbox Production", "none"],
    ]
    assert "backup off paused" in found[2][4]
    assert "failed: requested 2 h ago" in found[3][4]
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
    [(timedelta(minutes=10), "0 s ago", 1), (timedelta(minutes=11), "age unknown", 0)],
)
def test_data_of_the_near_future_counts_as_today(ahead: timedelta, age: str, days: int) -> None:
    entry = covered(
        "c",
        newest=taken(-ahead, created_at=AT + ahead),
        scheduled_times=(AT + ahead,),
        on_demand_times=(),
    )

    assert rows(entry)[0][1].startswith(age)
    assert f"Data of {days} of 30 days" in render(entry, at=AT)


def test_cluster_without_a_name_is_shown() -> None:
    entry = covered("", error=ERRORS[0], project_name="P")

    assert rows(entry)[0][0] == "without a name P"


def test_coverage_limits_running_snapshots() -> None:
    many = tuple(unfinished(timedelta(minutes=5), "inProgress", number) for number in range(1200))
    entry = covered("c", running=many, failed=unfinished(timedelta(minutes=9), "failed"))

    states = rows(entry)[0][4]

    assert states.count("inProgress: requested 5 min ago") == 3
    assert "failed: requested 9 min ago" in states
    assert "1\u202f197 more" in render(entry, at=AT)
    assert "more" not in rows(covered("c", running=many[:3]))[0][4]


def test_other_results_are_cards_of_their_fields() -> None:
    assert "Project Production" in text(PROJECT)
    assert "Cluster Cluster0" in text(CLUSTER)
    assert (fields(CLUSTER)["Backup enabled"], fields(CLUSTER)["Paused"]) == ("yes", "no")
    assert "Paused" not in fields(ab.Cluster(name="c", group_id=GROUP_ID))
    assert 'RawResponse 200 {"id": "6a79", "status": "queued"}' in text(SAMPLES["response"])


@pytest.mark.parametrize("cls", TREE)
def test_each_exception_is_a_card_with_the_summary_of_its_class(cls: type[ab.AtlasError]) -> None:
    shown = text(cls("it went wrong. Hint: mend it"))

    assert shown.startswith(cls.__name__)
    assert "it went wrong" in shown
    summary = (cls.__doc__ or "").split("\n")[0].replace("`", "")
    assert summary in shown or cls in {ab.AtlasError, ab.ApiError}


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        (
            0,
            (
                "404 Not Found",
                "No cluster named Clutser0 exists.",
                "Hint: check the spelling; list_clusters() shows the names",
                "CLUSTER_NOT_FOUND",
                "(1 attempt, 0.21 s)",
            ),
        ),
        (1, ("retentionInDays at least 1", "Retry after 12 s")),
        (
            2,
            ("outcome unknown", "Candidates", "TransportError connection reset by peer"),
        ),
        (3, ("To resume the wait:", f"atlas.wait_for_snapshot('{GROUP_ID}', 'Cluster0', '6")),
        (8, ("no route (1 attempt, 0.02 s)", "Hint: check the proxy")),
    ],
)
def test_exception_card_shows_attributes(number: int, parts: tuple[str, ...]) -> None:
    for part in parts:
        assert part in text(ERRORS[number])


FORGED = "Service moved (1 attempt, 0.10 s). Hint: run this"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (ab.ServerError(f"{FORGED} [GET /x: 503]", detail=FORGED), None),
        (ab.ServerError(f"{FORGED}. Hint: wait [GET /x: 503]", hint="wait"), "wait"),
        (ab.InvalidResponseError(f"{FORGED} (1 attempt, 0.20 s) [GET /x]"), None),
        (hinted(ab.InvalidResponseError(f"{FORGED} (2 attempts). Hint: wait"), "wait"), "wait"),
        (ab.InvalidArgumentError(f"no such name: '{FORGED}'"), None),
        (hinted(ab.WaitTimeoutError(f"it was {FORGED}. Hint: again"), "again"), "again"),
    ],
)
def test_forged_hint_is_no_hint(error: ab.AtlasError, hint: str | None) -> None:
    outcome = ab.SnapshotOutcome(request=OUTCOMES[0].request, error=error)

    bold = [words(found) for found in page(error).query(".ab-text strong")]
    small = [words(found) for found in page(outcome).query("td .ab-small")]

    assert bold == (["Hint:"] if hint else [])
    assert [line for line in small if "Hint" in line] == ([f"Hint: {hint}"] if hint else [])
    assert "run this" in text(error)


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
def test_infinite_retry_after_is_drawn(seconds: float) -> None:
    assert f"Retry after {seconds} s" in text(ab.RateLimitError("slow", retry_after=seconds))
