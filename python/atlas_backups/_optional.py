"""Types of optional dependencies, so that annotations resolve without them."""

from typing import TYPE_CHECKING, Any

__all__ = ["CoreSchema", "GetCoreSchemaHandler", "GetJsonSchemaHandler", "Self", "pd", "pl"]

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema
    from typing_extensions import Self
else:
    from types import SimpleNamespace

    pd = pl = SimpleNamespace(DataFrame=Any)
    CoreSchema = GetCoreSchemaHandler = GetJsonSchemaHandler = Any
    Self = Any  # in `typing` from 3.11 on
