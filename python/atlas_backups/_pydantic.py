"""Schemas with which pydantic (and FastAPI, FastMCP) validates and serializes results.

`__get_pydantic_core_schema__` of the classes calls these functions, so this file is imported only
with pydantic. See
https://docs.pydantic.dev/latest/concepts/types/#customizing-validation-with-__get_pydantic_core_schema__
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import CoreSchema
from pydantic_core import core_schema as schemas

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

_OTHER = ""
"""The tag of the base class."""


def sequence_schema(
    cls: type,
    item: type,
    handler: GetCoreSchemaHandler,
    *,
    make: Callable[[Iterable[Any]], object] | None,
) -> CoreSchema:
    """Return the schema of an immutable sequence, serialized as a list of its items.

    Args:
        cls: its class.
        item: the class of its items.
        handler: that of pydantic.
        make: constructs one from a list of items; `None`: it can only be serialized.
    """
    listed = schemas.list_schema(handler.generate_schema(item))
    is_one = schemas.is_instance_schema(cls)
    read = listed if make is None else schemas.no_info_after_validator_function(make, listed)
    return schemas.json_or_python_schema(
        json_schema=read,
        python_schema=is_one if make is None else schemas.union_schema([is_one, read]),
        serialization=schemas.plain_serializer_function_ser_schema(list, return_schema=listed),
    )


def instance_schema(cls: type, write: Callable[[Any], dict[str, Any]]) -> CoreSchema:
    """Return the schema of a class that is serialized as a dict, but not validated from one."""
    written = schemas.dict_schema(schemas.str_schema(), schemas.any_schema())
    return schemas.json_or_python_schema(
        json_schema=written,
        python_schema=schemas.is_instance_schema(cls),
        serialization=schemas.plain_serializer_function_ser_schema(write, return_schema=written),
    )


def headers_schema(cls: type) -> CoreSchema:
    """Return the schema of a read-only dict of strings."""
    read = schemas.dict_schema(schemas.str_schema(), schemas.str_schema())
    return schemas.no_info_after_validator_function(cls, read)


def kinds_schema(
    base: type, kinds: Mapping[str, type], handler: GetCoreSchemaHandler
) -> CoreSchema:
    """Return the schema of a class whose subclasses the field `type` selects."""

    def kind_of(value: Any) -> str:  # noqa: ANN401  # an instance, or the content of a request
        if isinstance(value, Mapping):
            named = cast("Mapping[str, object]", value).get("type")
            return next((name for name in kinds if name == named), _OTHER)
        return next((name for name, kind in kinds.items() if isinstance(value, kind)), _OTHER)

    choices = {name: handler.generate_schema(kind) for name, kind in kinds.items()}
    return schemas.tagged_union_schema({**choices, _OTHER: handler(base)}, kind_of)
