"""Media types with a version date, in `Accept` and `Content-Type`."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from .errors import Refusal
from .wire import moment, notice_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .options import VersionNotice

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
# The newest date any client of the published interface sends, whatever the clock says.
_NEWEST_PUBLISHED = date(2025, 3, 12)
_VERSIONED = re.compile(r"application/vnd\.atlas\.([0-9]{4})-([0-9]{2})-([0-9]{2})\+json")


def negotiate(accept: str | None, resource: str, now: float) -> str:
    """Return the version of `resource` that answers an `Accept` header.

    Raises:
        Refusal: 406 for a missing or foreign type and for a date that is no version's.
    """
    asked = None
    for item in (accept or "").split(","):
        media = item.split(";", 1)[0].strip().lower()
        if _VERSIONED.fullmatch(media):
            asked = media
            break
    if asked is None:
        detail = "The Accept header must name a type such as application/vnd.atlas.2025-03-12+json."
        raise Refusal(406, "INVALID_ACCEPT_HEADER", detail, [accept or ""])
    wanted = _day(asked)
    text = asked.split("atlas.", 1)[1].removesuffix("+json")
    latest = max(moment(now).date(), _NEWEST_PUBLISHED)
    versions = VERSIONS[resource]
    if wanted is None or not date.fromisoformat(versions[0]) <= wanted <= latest:
        raise Refusal(
            406, "INVALID_VERSION_DATE", f"Invalid version date {text} specified.", [text]
        )
    return max(version for version in versions if date.fromisoformat(version) <= wanted)


def notice_headers(
    notices: Iterable[VersionNotice], targets: set[str], version: str, path: str
) -> dict[str, str]:
    """Return `Deprecation` and `Sunset` headers for a version.

    Raises:
        Refusal: 410 when the version is gone.
    """
    headers: dict[str, str] = {}
    for notice in notices:
        if notice.target not in targets or notice.version != version:
            continue
        if notice.gone:
            place = path.lstrip("/")
            detail = f"Version {version} of {place} is no longer available."
            raise Refusal(410, "VERSION_GONE", detail, [version, place])
        if notice.deprecated is not None:
            headers["Deprecation"] = notice_date(notice.deprecated)
        if notice.sunset is not None:
            headers["Sunset"] = notice_date(notice.sunset)
    return headers


def content_type_of(version: str) -> str:
    """Return the `Content-Type` of an answer in this version."""
    return f"application/vnd.atlas.{version}+json;charset=utf-8"


def check_content_type(content_type: str | None) -> None:
    """Refuse with 415 anything but JSON, plain or with a version."""
    media = (content_type or "").split(";", 1)[0].strip().lower()
    if media == "application/json":
        return
    if _VERSIONED.fullmatch(media) and _day(media) is not None:
        return
    detail = f"Unsupported media type {media} specified." if media else "No media type specified."
    raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", detail, [media])


def _day(media: str) -> date | None:
    match = _VERSIONED.fullmatch(media)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
