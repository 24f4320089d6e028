"""Query parameters, checked as strictly as Atlas does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .errors import Refusal, invalid_query_parameter

_DIGITS = re.compile(r"[0-9]{1,18}")
MOST_ITEMS = 500
COMMON = frozenset({"envelope", "pretty"})
PAGING = frozenset({"includeCount", "itemsPerPage", "pageNum"})


@dataclass(frozen=True)
class Query:
    """The parameters of one request, decoded, each at most once."""

    values: dict[str, str]

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean; only `true` and `false` are booleans."""
        value = self.values.get(name)
        if value is None:
            return default
        if value not in {"true", "false"}:
            raise invalid_query_parameter(name)
        return value == "true"

    def number(self, name: str, *, default: int, most: int | None = None) -> int:
        """Return a whole number from 1, up to `most` if that is given."""
        value = self.moment(name)
        if value is None:
            return default
        if value < 1 or (most is not None and value > most):
            raise invalid_query_parameter(name)
        return value

    def moment(self, name: str) -> int | None:
        """Return a whole number from 0, or None if it was not given."""
        value = self.values.get(name)
        if value is None:
            return None
        if not _DIGITS.fullmatch(value):
            raise invalid_query_parameter(name)
        return int(value)


@dataclass(frozen=True)
class Presentation:
    """How an answer is to be written."""

    envelope: bool = False
    pretty: bool = False


def read(text: str, known: frozenset[str]) -> tuple[Query, Presentation]:
    """Read a query string.

    Raises:
        Refusal: 400 for an unknown or repeated parameter or a bad value.
    """
    values: dict[str, str] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise Refusal(
            400, "INVALID_QUERY_PARAMETER", "The query string is malformed.", []
        ) from None
    for name, value in pairs:
        if name in values or name not in known:
            raise invalid_query_parameter(name)
        values[name] = value
    query = Query(values)
    pretty = query.flag("pretty", default=False)
    return query, Presentation(query.flag("envelope", default=False), pretty)


def peek(text: str) -> Presentation:
    """Return how an answer is to be written when the query itself may be what is wrong."""
    pairs = {part for part in text.split("&")[:50] if part}
    return Presentation("envelope=true" in pairs, "pretty=true" in pairs)
