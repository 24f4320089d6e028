"""What the client needs of `typing`, whose import takes longer than that of all the client.

Annotations are not evaluated, so at run time it is little; type checkers find the real one here.
"""

__all__ = ["TYPE_CHECKING", "Generic", "ValueT", "cast"]

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Generic, TypeVar, cast

    ValueT = TypeVar("ValueT")
else:
    ValueT = "ValueT"

    class Generic:
        """A base that takes parameters and does nothing with them."""

        __slots__ = ()

        def __class_getitem__(cls, _parameters: object) -> type:
            return cls

    def cast(_kind: object, value: object) -> object:
        """Return the value."""
        return value
