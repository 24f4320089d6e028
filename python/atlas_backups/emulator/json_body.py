"""Reads a request's JSON object as strictly as Atlas does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from .errors import Refusal

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)
RETENTION_UNITS = ("DAYS", "WEEKS", "MONTHS", "YEARS")


@dataclass(frozen=True)
class TakeOrder:
    """What a take asks for; None where nothing was said."""

    description: str | None
    retention_in_days: int | None


@dataclass(frozen=True)
class RetentionOrder:
    """What a change of retention asks for."""

    unit: str
    value: int


def take_order(body: bytes) -> TakeOrder:
    """Read the body of a take.

    Raises:
        Refusal: 400 with the reason.
    """
    fields = _object(body, {"description", "retentionInDays", "links"})
    description = fields.get("description")
    if description is not None and not isinstance(description, str):
        raise _invalid_attribute("description")
    days = fields.get("retentionInDays")
    if days is not None and _int32("retentionInDays", days) < 1:
        raise Refusal(
            400,
            "VALIDATION_ERROR",
            "The retention of an on-demand snapshot must be at least 1 day.",
            ["retentionInDays"],
            fields={"retentionInDays": "must be greater than or equal to 1"},
        )
    return TakeOrder(description, days)


def retention_order(body: bytes) -> RetentionOrder:
    """Read the body of a change of retention.

    Raises:
        Refusal: 400 with the reason.
    """
    fields = _object(body, {"retentionUnit", "retentionValue", "links"})
    for name in ("retentionUnit", "retentionValue"):
        if fields.get(name) is None:
            detail = f"The required attribute {name} was not specified."
            raise Refusal(400, "MISSING_ATTRIBUTE", detail, [name])
    unit = fields["retentionUnit"]
    if not isinstance(unit, str):
        raise _invalid_attribute("retentionUnit")
    if unit not in RETENTION_UNITS:
        detail = f"An invalid enumeration value {unit} was specified."
        raise Refusal(400, "INVALID_ENUM_VALUE", detail, [unit])
    value = _int32("retentionValue", fields["retentionValue"])
    if value < 1:
        detail = f"The retention value {value} is invalid."
        raise Refusal(400, "BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID", detail, [value])
    return RetentionOrder(unit, value)


def _object(body: bytes, known: set[str]) -> dict[str, Any]:
    malformed = Refusal(400, "MALFORMED_JSON", "Received JSON is malformed.")
    try:
        text = body.decode("utf-8")
        value: object = json.loads(text, parse_constant=_no_such_number)
        # A lone surrogate passes the parser, yet no answer could repeat it in UTF-8.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise malformed from None
    if not isinstance(value, dict):
        raise malformed
    fields = cast("dict[str, Any]", value)
    for name in fields:
        if name not in known:
            raise _invalid_attribute(name)
    return fields


def _no_such_number(name: str) -> NoReturn:
    raise ValueError(name)


def _int32(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid_attribute(name)
    if not INT32_MIN <= value <= INT32_MAX:
        raise _invalid_attribute(name)
    return value


def _invalid_attribute(name: str) -> Refusal:
    return Refusal(400, "INVALID_ATTRIBUTE", f"Invalid attribute {name} specified.", [name])
