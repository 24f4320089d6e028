"""Converts results and exceptions to plain JSON types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, cast


def plain(value: object) -> Any:  # noqa: ANN401  # JSON has no narrower type
    """Return a value as JSON types.

    A dataclass becomes an object of its fields, a time an ISO 8601 string in UTC, an exception an
    object of its type, message and attributes. An infinite number becomes a string.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, BaseException):
        value = _described(value)
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): plain(item) for key, item in items}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[object]", value)]
    return str(value)


def _described(error: BaseException) -> dict[str, object]:
    name = type(error).__name__
    public = {key: value for key, value in vars(error).items() if not key.startswith("_")}
    return {"type": name, "message": str(error) or name, **public}
