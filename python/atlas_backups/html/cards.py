"""Cards: one snapshot, one exception, and any other result as its fields."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, cast

from atlas_backups._format import format_duration, format_duration_precise, format_size, split_hint
from atlas_backups.errors import (
    AmbiguousOutcomeError,
    ApiError,
    AtlasError,
    DuplicateSnapshotsError,
    SnapshotInProgressError,
    WaitTimeoutError,
)
from atlas_backups.html import components as ui
from atlas_backups.html.markup import (
    NAME,
    SENTENCE,
    TEXT,
    Markup,
    code,
    concat,
    element,
    thousands,
    user_text,
)
from atlas_backups.models import ReplicaSetSnapshot, ShardedClusterSnapshot
from atlas_backups.progress import resume_call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atlas_backups._immutable import FrozenModel
    from atlas_backups.html.markup import Child
    from atlas_backups.models import RawResponse, Snapshot

_MAX_NAMES = 12
_MAX_HEADERS = 50
_LABELS = {"mongo_db_version": "MongoDB", "group_id": "Project"}
_CODE = re.compile("`([^`]*)`")
_TITLES: dict[type[AtlasError], str] = {
    AmbiguousOutcomeError: "Candidates",
    DuplicateSnapshotsError: "Snapshots with the same tag",
    SnapshotInProgressError: "The unfinished snapshot",
}


def snapshot_card(snapshot: Snapshot, now: datetime) -> Markup:
    """Return one snapshot; ages count from `now`."""
    title = concat("Snapshot of ", user_text(snapshot.cluster_name))
    return ui.figure(
        f"Snapshot {snapshot.id} of {snapshot.cluster_name}",
        ui.header(title, ui.status_badge(snapshot.status)),
        ui.field_table(_snapshot_fields(snapshot, now)),
        _members(snapshot),
        ui.footnote("As described by Atlas; ages as of ", f"{ui.format_second(now)}."),
        kind="ab-card",
    )


def result_card(result: FrozenModel, now: datetime) -> Markup:
    """Return the fields of any result; ages count from `now`."""
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    kind = type(result).__name__
    name = values.pop("name", None)
    shown = {_label(key): _value(key, value, now) for key, value in values.items()}
    title = concat(kind, " ", user_text(name)) if name else kind
    return ui.figure(kind, ui.header(title), ui.field_table(shown), kind="ab-card")


def response_card(response: RawResponse, _now: datetime) -> Markup:
    """Return an unparsed response."""
    headers = {name[:NAME]: code(value, TEXT) for name, value in response.headers.items()}
    shown = dict(list(headers.items())[:_MAX_HEADERS])
    summary = element("summary", f"{len(response.headers)} headers")
    return ui.figure(
        "Response of Atlas",
        ui.header("RawResponse", code(str(response.status))),
        element("pre", user_text(response.text, TEXT)),
        element("details", summary, ui.field_table(shown)),
        kind="ab-card",
    )


def error_card(error: AtlasError, now: datetime) -> Markup:
    """Return an exception: what happened, what helps, and its attributes."""
    summary, hint = _summary(error)
    whole = element("summary", "Whole message"), ui.paragraph(user_text(str(error), TEXT))
    return ui.figure(
        type(error).__name__,
        ui.header(user_text(type(error).__name__), _error_badge(error)),
        ui.paragraph(user_text(summary, TEXT)),
        _class_summary(error),
        ui.paragraph(element("strong", "Hint: "), user_text(hint, TEXT)) if hint else None,
        _resume_call(error),
        ui.field_table(_error_fields(error)) if isinstance(error, ApiError) else None,
        _snapshots(error, now),
        _cause(error),
        element("details", *whole) if str(error) != summary else None,
        kind="ab-card ab-failure",
    )


def error_cell(error: AtlasError) -> tuple[Markup, Markup | None]:
    """Return the cell of a table with an exception and its hint."""
    summary, hint = _summary(error)
    name = element("strong", type(error).__name__)
    happened = concat(name, " ", user_text(summary, SENTENCE))
    return happened, concat("Hint: ", user_text(hint, SENTENCE)) if hint else None


def size_of(snapshot: Snapshot) -> str | None:
    """Return the size; Atlas reports 0 while it is unknown."""
    count = snapshot.storage_size_bytes or 0
    return format_size(count) if count > 0 else None


def data_delay(snapshot: Snapshot) -> str | None:
    """Return how long after the request the time of the data is."""
    requested = ui.requested_at(snapshot)
    if requested is None or snapshot.created_at is None:
        return None
    seconds = (ui.as_aware(snapshot.created_at) - requested).total_seconds()
    return f"{format_duration_precise(seconds)} later" if seconds >= 0 else None


def description_of(snapshot: Snapshot) -> str | None:
    """Return the description without the tag of an idempotency key."""
    tag, text = snapshot.idempotency_tag, snapshot.description
    return text if tag is None or text is None else text.removeprefix(tag).strip()


def trigger_of(snapshot: Snapshot) -> Child:
    """Return what triggered a snapshot, and its frequency."""
    kinds = [kind for kind in (snapshot.snapshot_type, snapshot.frequency_type) if kind]
    if len({kind.lower() for kind in kinds}) == 1:
        del kinds[1:]
    return ui.dotted(kinds, _MAX_NAMES)


def _snapshot_fields(snapshot: Snapshot, now: datetime) -> Mapping[str, Child]:
    is_unfinished = snapshot.status in {"queued", "inProgress"}
    moves = " · moves when it completes" if is_unfinished else None
    expires = ui.full_time(snapshot.expires_at, now)
    created, delay = ui.full_time(snapshot.created_at, now), data_delay(snapshot)
    text = description_of(snapshot)
    kinds, providers = [snapshot.type], list[str | None]()
    regions: tuple[str, ...] = ()
    if isinstance(snapshot, ReplicaSetSnapshot):
        name = snapshot.replica_set_name
        kinds.append(name if name != snapshot.cluster_name else None)
        providers, regions = [snapshot.cloud_provider], snapshot.copy_regions
    if isinstance(snapshot, ShardedClusterSnapshot):
        servers = snapshot.config_server_type
        kinds.append(f"config servers {servers}" if servers else None)
        providers = [member.cloud_provider for member in snapshot.members]
    extra = [f"{name}: {value!r}" for name, value in snapshot.extra.items()]
    return {
        "Description": user_text(text, TEXT) if text else None,
        "Requested": ui.full_time(ui.requested_at(snapshot), now),
        "Data of": created and concat(created, delay and f" · {delay}"),
        "Expires": expires and concat(expires, moves),
        "Size": size_of(snapshot),
        "Taken": trigger_of(snapshot),
        "Provider": ui.dotted([it for it in dict.fromkeys(providers) if it], _MAX_NAMES),
        "Copied to": ui.dotted(regions, _MAX_NAMES),
        "Kind": ui.dotted([kind for kind in kinds if kind], _MAX_NAMES),
        "MongoDB": snapshot.mongod_version and user_text(snapshot.mongod_version),
        "Encrypted with": snapshot.master_key_uuid and code(snapshot.master_key_uuid),
        "Policy items": ui.dotted(snapshot.policy_items, _MAX_NAMES, code),
        "Key tag": snapshot.idempotency_tag and code(snapshot.idempotency_tag),
        "Project": code(snapshot.group_id),
        "Id": code(snapshot.id),
        "Other fields": ui.dotted(extra, _MAX_NAMES),
    }


def _members(snapshot: Snapshot) -> Markup | None:
    if not isinstance(snapshot, ShardedClusterSnapshot) or not snapshot.members:
        return None
    rows = (
        (
            member.replica_set_name and user_text(member.replica_set_name),
            member.cloud_provider and user_text(member.cloud_provider),
            member.id and code(member.id),
        )
        for member in snapshot.members
    )
    columns = ui.Column("Replica set"), ui.Column("Provider"), ui.Column("Id")
    table, shown = ui.data_table(columns, rows)
    count = len(snapshot.members)
    more = ui.footnote(f"{count - shown} more are in .members.") if count > shown else None
    return ui.section(f"{count} parts", table, more)


def _label(name: str) -> str:
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


def _value(name: str, value: object, now: datetime) -> Child:
    if value is None or value in ((), {}):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return ui.full_time(value, now)
    if isinstance(value, str) and name.endswith("id"):
        return code(value, TEXT)
    return user_text(str(value), TEXT)


def _summary(error: AtlasError) -> tuple[str, str | None]:
    """Return the shortest description of what happened, and the hint."""
    message, hint = split_hint(error)
    detail = error.detail if isinstance(error, ApiError) else None
    return detail or message, hint


def _error_badge(error: AtlasError) -> Markup | None:
    if isinstance(error, AmbiguousOutcomeError):
        return ui.badge("odd", "outcome unknown")
    if isinstance(error, ApiError) and error.status is not None:
        return ui.badge("bad", f"{error.status} {error.reason or ''}".strip())
    return None


def _class_summary(error: AtlasError) -> Markup | None:
    """Return the first line of the docstring of the exception's class."""
    known = next(kind for kind in type(error).__mro__ if kind.__module__ == AtlasError.__module__)
    summary = (known.__doc__ or "").partition("\n")[0]
    if known in {AtlasError, ApiError} or not summary:
        return None
    pieces = _CODE.split(summary)
    marked = (code(it) if number % 2 else concat(it) for number, it in enumerate(pieces))
    return element("p", *marked, class_="ab-text ab-soft")


def _resume_call(error: AtlasError) -> Markup | None:
    if not isinstance(error, WaitTimeoutError) or error.snapshot is None:
        return None
    last = error.snapshot
    call = resume_call(last.group_id, last.cluster_name, last.id)
    return concat(ui.paragraph("To resume the wait:"), element("code", call, class_="ab-call"))


def _error_fields(error: ApiError) -> Mapping[str, Child]:
    request = f"{error.method or ''} {error.path or ''}".strip()
    violations = (
        concat(code(it.field or "?"), " ", user_text(it.description or "", TEXT))
        for it in error.field_violations[:_MAX_NAMES]
    )
    return {
        "Request": code(request, TEXT) if request else None,
        "Code": error.error_code and code(error.error_code),
        "Fields": concat(*violations, separator=" · ") or None,
        "Parameters": ui.dotted(
            [str(it) for it in error.parameters[:_MAX_NAMES]], _MAX_NAMES, code
        ),
        "Retry after": _format_pause(error.retry_after),
    }


def _format_pause(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    # Atlas sends finite numbers, but an exception can be constructed with others.
    return format_duration(seconds) if isfinite(seconds) else f"{seconds} s"


def _snapshots(error: AtlasError, now: datetime) -> Markup | None:
    """Return a table of the snapshots that an exception carries."""
    several = getattr(error, "snapshots", ()) or getattr(error, "candidates", ())
    one = getattr(error, "snapshot", None)
    found = cast("Sequence[Snapshot]", several or ((one,) if one else ()))
    if not found:
        return None
    rows = (
        (
            ui.status_badge(snapshot.status),
            (
                ui.relative_time(ui.requested_at(snapshot), now),
                ui.absolute_time(ui.requested_at(snapshot)),
            ),
            user_text(snapshot.cluster_name),
            code(snapshot.id),
        )
        for snapshot in found
    )
    columns = (
        ui.Column("Status"),
        ui.Column("Requested", "ab-tight"),
        ui.Column("Cluster"),
        ui.Column("Id"),
    )
    table, shown = ui.data_table(columns, rows)
    more = len(found) - shown
    return ui.section(
        _TITLES.get(type(error), "Last known state of the snapshot"),
        table,
        ui.footnote(f"{thousands(more)} more are not shown.") if more else None,
    )


def _cause(error: AtlasError) -> Markup | None:
    cause = error.__cause__
    if cause is None:
        return None
    text = ui.paragraph(code(type(cause).__name__), " ", user_text(str(cause), TEXT))
    return ui.section("Cause", text)
