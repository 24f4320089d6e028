"""How pydantic, and with it FastAPI and FastMCP, validates and writes results.

The classes name these functions in their `__get_pydantic_core_schema__`, which pydantic calls: this
file is imported only where pydantic is. See
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
"""The kind of what is of no subclass."""


def sequence_schema(
    cls: type,
    item: type,
    handler: GetCoreSchemaHandler,
    *,
    make: Callable[[Iterable[Any]], object] | None,
) -> CoreSchema:
    """Return the schema of an immutable sequence, which is written as a list of its items.

    Args:
        cls: its class.
        item: the class of its items.
        handler: pydantic's own.
        make: makes one from a list of items; `None`: it cannot be read, only written.
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
    """Return the schema of what is written as a dict and cannot be read from one."""
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
    """Return the schema of a class with subclasses, named by the field `type` of what they read."""

    def kind_of(value: Any) -> str:  # noqa: ANN401  # an instance, or what a request brings
        if isinstance(value, Mapping):
            named = cast("Mapping[str, object]", value).get("type")
            return next((name for name in kinds if name == named), _OTHER)
        return next((name for name, kind in kinds.items() if isinstance(value, kind)), _OTHER)

    choices = {name: handler.generate_schema(kind) for name, kind in kinds.items()}
    return schemas.tagged_union_schema({**choices, _OTHER: handler(base)}, kind_of)
