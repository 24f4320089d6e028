"""Base classes of the results: frozen models, sequences, a read-only dict, headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, cast, overload

from atlas_backups._optional import CoreSchema, GetCoreSchemaHandler, Self
from atlas_backups._repr import HtmlReprMixin, short_repr

ItemT_co = TypeVar("ItemT_co", bound="FrozenModel", covariant=True)
ValueT = TypeVar("ValueT")
DefaultT = TypeVar("DefaultT")
ModelT = TypeVar("ModelT", bound="FrozenModel")


def _build(cls: type[ModelT], values: dict[str, Any]) -> ModelT:
    """Construct a model from its fields; pickles refer to this function by name."""
    return cls(**values)


class FrozenModel(HtmlReprMixin):
    """Base of the frozen dataclasses: it pickles and copies by field name, not by position.

    By default `dataclasses` pickles a list of values, which a version with another field would read
    into the wrong fields. `repr=False` keeps the repr of this class, which truncates values.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Any]]

    def __reduce__(self) -> tuple[Any, ...]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _build, (type(self), values)

    def __repr__(self) -> str:
        parts = (f"{name}={short_repr(getattr(self, name))}" for name in self.__dataclass_fields__)
        return f"{type(self).__name__}({', '.join(parts)})"

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as a new dict of plain JSON types.

        Returns:
            Times are ISO 8601 strings in UTC, tuples are lists, an exception is a dict of its
            type, message and attributes.
        """
        from atlas_backups._plain import plain  # noqa: PLC0415  # not needed to import the package

        described: dict[str, Any] = plain(self)
        return described


class FrozenSequence(HtmlReprMixin, Sequence[ItemT_co]):
    """Base of the immutable sequences; slices are of the same class.

    Args:
        items: its items, in this order.
    """

    __slots__ = ("_items",)

    _item: ClassVar[type[FrozenModel]]
    """The class of its items."""

    def __init__(self, items: Iterable[ItemT_co] = ()) -> None:
        self._items = tuple(items)

    @overload
    def __getitem__(self, index: int) -> ItemT_co: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> ItemT_co | Self:
        if isinstance(index, slice):
            return self._like(self._items[index])
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ItemT_co]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, type(self)):
            return self._items == other._items
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._items)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return every item as a new dict of plain JSON types, in order.

        Returns:
            What `to_dict` of each item returns.
        """
        return [item.to_dict() for item in self]

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from atlas_backups._pydantic import sequence_schema  # noqa: PLC0415  # only pydantic asks

        return sequence_schema(cls, cls._item, handler, make=cls)

    def _like(self, items: Iterable[ItemT_co]) -> Self:
        """Return a copy with other items."""
        return type(self)(items)


class FrozenDict(dict[str, ValueT]):
    """A read-only dict, which `json` and `asdict` accept.

    Nested lists and dicts are not frozen. `copy()` and `|` return plain dicts. Safe to share
    between threads and processes.
    """

    __slots__ = ()

    def _reject(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is read-only; .copy() gives a dict to change")

    __setitem__: ClassVar[Callable[..., NoReturn]] = _reject
    __delitem__: ClassVar[Callable[..., NoReturn]] = _reject
    __ior__: ClassVar[Callable[..., NoReturn]] = _reject
    clear: ClassVar[Callable[..., NoReturn]] = _reject
    pop: ClassVar[Callable[..., NoReturn]] = _reject
    popitem: ClassVar[Callable[..., NoReturn]] = _reject
    setdefault: ClassVar[Callable[..., NoReturn]] = _reject
    update: ClassVar[Callable[..., NoReturn]] = _reject

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


class Headers(FrozenDict[str]):
    """The headers of a response: read-only, with case-insensitive names.

    Iteration yields lower-case names. The values of a repeated name are joined with `", "` (RFC
    9110, section 5.3). Safe to share between threads and processes.

    Args:
        pairs: `(name, value)` pairs in their order, or a mapping.
    """

    __slots__ = ()

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        joined: dict[str, str] = {}
        if isinstance(pairs, Mapping):
            pairs = cast("Mapping[str, str]", pairs).items()
        for name, value in pairs:
            key = name.lower()
            joined[key] = f"{joined[key]}, {value}" if key in joined else value
        super().__init__(joined)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    @overload
    def get(self, name: str, default: DefaultT, /) -> str | DefaultT: ...
    def get(self, name: str, default: object = None, /) -> object:
        """Return the value of a header, or the default; the name is case-insensitive."""
        return super().get(name.lower(), default)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from atlas_backups._pydantic import headers_schema  # noqa: PLC0415  # only pydantic asks

        return headers_schema(cls)

    def __hash__(self) -> int:  # type: ignore[override]  # dict says None; frozen, it has one
        return hash(frozenset(self.items()))
