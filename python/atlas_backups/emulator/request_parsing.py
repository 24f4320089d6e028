"""Strict parsing of a request: versioned media types, query parameters, JSON bodies."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import parse_qsl

from .errors import Rejection, rejection, retention_violation
from .serialization import from_epoch, notice_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .options import VersionNotice

MAX_ITEMS = 500
COMMON = frozenset({"envelope", "pretty"})
PAGING = frozenset({"includeCount", "itemsPerPage", "pageNum"})
VERSIONS: dict[str, tuple[str, ...]] = {
    "projects": ("2023-01-01",),
    "snapshots": ("2023-01-01",),
    "clusters": ("2023-01-01", "2023-02-01", "2024-08-05"),
    "containers": ("2023-01-01",),
    "flexClusters": ("2024-11-13",),
    "flexRestoreJobs": ("2024-11-13",),
    "flexSnapshots": ("2024-11-13",),
    "schedules": ("2023-01-01", "2024-08-05"),
    "teams": ("2023-01-01",),
}
# The newest date that published clients send, even if the clock is behind it.
_NEWEST_PUBLISHED = date(2025, 3, 12)
_VERSIONED = re.compile(r"application/vnd\.atlas\.([0-9]{4}-[0-9]{2}-[0-9]{2})\+json")
_DIGITS = re.compile(r"[0-9]{1,18}")
_INT32 = range(-(2**31), 2**31)
_RETENTION_UNITS = ("DAYS", "WEEKS", "MONTHS", "YEARS")


def negotiate_version(accept: str | None, resource: str, now: float) -> str:
    """Return the version of `resource` for an `Accept` header.

    Raises:
        Rejection: 406 for a missing or foreign type, and for an invalid version date.
    """
    types = (item.split(";", 1)[0].strip().lower() for item in (accept or "").split(","))
    match = next((found for item in types if (found := _VERSIONED.fullmatch(item))), None)
    if match is None:
        raise rejection("INVALID_ACCEPT_HEADER", accept or "")
    wanted = _parse_date(match[1])
    versions = VERSIONS[resource]
    latest = max(from_epoch(now).date(), _NEWEST_PUBLISHED)
    if wanted is None or not date.fromisoformat(versions[0]) <= wanted <= latest:
        raise rejection("INVALID_VERSION_DATE", match[1])
    return max(version for version in versions if date.fromisoformat(version) <= wanted)


def notice_headers(
    notices: Iterable[VersionNotice], targets: set[str], version: str, path: str
) -> dict[str, str]:
    """Return `Deprecation` and `Sunset` headers for a version.

    Raises:
        Rejection: 410, the version was removed.
    """
    headers: dict[str, str] = {}
    for notice in notices:
        if notice.target not in targets or notice.version != version:
            continue
        if notice.gone:
            raise rejection("VERSION_GONE", version, path.lstrip("/"))
        if notice.deprecated is not None:
            headers["Deprecation"] = notice_date(notice.deprecated)
        if notice.sunset is not None:
            headers["Sunset"] = notice_date(notice.sunset)
    return headers


def check_content_type(content_type: str | None) -> None:
    """Reject with 415 every type except JSON, with or without a version."""
    media = (content_type or "").split(";", 1)[0].strip().lower()
    match = _VERSIONED.fullmatch(media)
    if media == "application/json" or (match is not None and _parse_date(match[1]) is not None):
        return
    detail = f"Unsupported media type {media} specified." if media else "No media type specified."
    raise Rejection(415, "UNSUPPORTED_MEDIA_TYPE", detail, [media])


def _parse_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Query:
    """The parameters of one request, decoded, each at most once."""

    values: dict[str, str]

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean, `true` or `false`."""
        value = self.values.get(name)
        if value is None:
            return default
        if value not in {"true", "false"}:
            raise rejection("INVALID_QUERY_PARAMETER", name)
        return value == "true"

    def positive(self, name: str, *, default: int, maximum: int) -> int:
        """Return an integer from 1 to `maximum`."""
        value = self.integer(name)
        if value is None:
            return default
        if not 1 <= value <= maximum:
            raise rejection("INVALID_QUERY_PARAMETER", name)
        return value

    def integer(self, name: str) -> int | None:
        """Return an integer of 0 or more; None if absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if not _DIGITS.fullmatch(value):
            raise rejection("INVALID_QUERY_PARAMETER", name)
        return int(value)


@dataclass(frozen=True)
class Presentation:
    """The layout of a response."""

    envelope: bool = False
    pretty: bool = False


def parse_query(text: str, known: frozenset[str]) -> tuple[Query, Presentation]:
    """Parse a query string.

    Raises:
        Rejection: 400 for an unknown or repeated parameter or an invalid value.
    """
    values: dict[str, str] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        detail = "The query string is malformed."
        raise Rejection(400, "INVALID_QUERY_PARAMETER", detail) from None
    for name, value in pairs:
        if name in values or name not in known:
            raise rejection("INVALID_QUERY_PARAMETER", name)
        values[name] = value
    query = Query(values)
    pretty = query.flag("pretty", default=False)
    return query, Presentation(query.flag("envelope", default=False), pretty)


def peek_presentation(text: str) -> Presentation:
    """Return the layout of an error response, where the query itself may be invalid."""
    pairs = {part for part in text.split("&")[:50] if part}
    return Presentation("envelope=true" in pairs, "pretty=true" in pairs)


@dataclass(frozen=True)
class TakeOrder:
    """The body of a take; None where a field is absent."""

    description: str | None
    retention_in_days: int | None


@dataclass(frozen=True)
class RetentionOrder:
    """The body of a change of retention."""

    unit: str
    value: int


def parse_take(body: bytes) -> TakeOrder:
    """Parse the body of a take, or reject it with 400."""
    fields = _parse_object(body, {"description", "retentionInDays", "links"})
    description = fields.get("description")
    if description is not None and not isinstance(description, str):
        raise rejection("INVALID_ATTRIBUTE", "description")
    days = fields.get("retentionInDays")
    if days is not None and _int32("retentionInDays", days) < 1:
        detail = "The retention of an on-demand snapshot must be at least 1 day."
        raise retention_violation(detail, "must be greater than or equal to 1")
    return TakeOrder(description, days)


def parse_retention(body: bytes) -> RetentionOrder:
    """Parse the body of a change of retention, or reject it with 400."""
    fields = _parse_object(body, {"retentionUnit", "retentionValue", "links"})
    for name in ("retentionUnit", "retentionValue"):
        if fields.get(name) is None:
            raise rejection("MISSING_ATTRIBUTE", name)
    unit = fields["retentionUnit"]
    if not isinstance(unit, str):
        raise rejection("INVALID_ATTRIBUTE", "retentionUnit")
    if unit not in _RETENTION_UNITS:
        raise rejection("INVALID_ENUM_VALUE", unit)
    value = _int32("retentionValue", fields["retentionValue"])
    if value < 1:
        raise rejection("BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID", value)
    return RetentionOrder(unit, value)


def _parse_object(body: bytes, known: set[str]) -> dict[str, Any]:
    try:
        value: object = json.loads(body.decode("utf-8"), parse_constant=_reject_constant)
        # A lone surrogate passes the parser, but a response cannot repeat it in UTF-8.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise rejection("MALFORMED_JSON") from None
    if not isinstance(value, dict):
        raise rejection("MALFORMED_JSON")
    fields = cast("dict[str, Any]", value)
    for name in fields:
        if name not in known:
            raise rejection("INVALID_ATTRIBUTE", name)
    return fields


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _int32(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in _INT32:
        raise rejection("INVALID_ATTRIBUTE", name)
    return value
