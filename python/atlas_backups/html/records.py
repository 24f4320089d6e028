"""Records without a drawing of their own: their fields, as they are."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING

from atlas_backups.html.figure import facts, figure, head
from atlas_backups.html.markup import element, together
from atlas_backups.html.moments import on_and_ago
from atlas_backups.html.text import NAME, WHOLE, code, words

if TYPE_CHECKING:
    from atlas_backups._frozen import Record
    from atlas_backups.html.markup import Child, Markup
    from atlas_backups.models import RawResponse

_ID = "id"
_MOST_HEADERS = 50
_LABELS = {"mongo_db_version": "MongoDB", "group_id": "Project"}


def record_card(record: Record, at: datetime) -> Markup:
    """Return the drawing of any record; `at` is the time from which ages count."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    name = type(record).__name__
    title = values.pop("name", None)
    shown = {_label(key): _value(key, value, at) for key, value in values.items()}
    heading = together(name, " ", words(title)) if title else name
    return figure(name, head(heading), facts(shown), kind="ab-card")


def answer_card(answer: RawResponse, _at: datetime) -> Markup:
    """Return the drawing of an answer as it came."""
    headers = {name: code(value, WHOLE) for name, value in answer.headers.items()}
    named = {name[:NAME]: value for name, value in list(headers.items())[:_MOST_HEADERS]}
    return figure(
        "Answer of Atlas",
        head("RawResponse", code(str(answer.status))),
        element("pre", words(answer.text, WHOLE)),
        element("details", element("summary", f"{len(headers)} headers"), facts(named)),
        kind="ab-card",
    )


def _label(name: str) -> str:
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


def _value(name: str, value: object, at: datetime) -> Child:
    if value is None or value in ((), {}):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return on_and_ago(value, at)
    if isinstance(value, str):
        return code(value, WHOLE) if name.endswith(_ID) else words(value, WHOLE)
    return words(str(value), WHOLE)
