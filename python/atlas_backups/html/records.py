"""Records without a drawing of their own: their fields, as they are."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING

from atlas_backups.html.figure import facts, figure, head
from atlas_backups.html.markup import element, together
from atlas_backups.html.moments import on_and_ago
from atlas_backups.html.text import WHOLE, code, words
from atlas_backups.models import RawResponse

if TYPE_CHECKING:
    from atlas_backups._frozen import Record
    from atlas_backups.html.markup import Child, Markup

_ID = "id"


def record_card(record: Record, at: datetime) -> Markup:
    """Return the drawing of any record; `at` is the time from which ages count."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    name = type(record).__name__
    title = values.pop("name", None)
    shown = {_label(key): _value(key, value, at) for key, value in values.items()}
    return figure(
        name,
        head(together(name, " ", words(title)) if title else name),
        facts(shown),
        _body(record) if isinstance(record, RawResponse) else None,
        kind="ab-card",
    )


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


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


def _body(answer: RawResponse) -> Markup:
    return element("pre", words(answer.text, WHOLE))
