"""Public annotations resolve at run time, for frameworks that read signatures."""

from __future__ import annotations

import inspect
import typing
from typing import TYPE_CHECKING

import pytest

import atlas_backups
from atlas_backups import cli, emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

MODULES: list[ModuleType] = [atlas_backups, emulator, cli]


def callables(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield every public callable of a module, and every function of its public classes."""
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isroutine(value) or inspect.isclass(value):
            yield f"{module.__name__}.{name}", value
        if inspect.isclass(value):
            for key, function in functions(value):
                yield f"{module.__name__}.{name}.{key}", function


def functions(cls: type) -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the public functions of a class that its own modules define, getters included."""
    for owner in (it for it in cls.__mro__ if it.__module__.startswith("atlas_backups")):
        for key, member in vars(owner).items():
            # Python itself makes the `__new__` of a named tuple, and cannot evaluate it.
            if key == "__new__" or (key.startswith("_") and not key.endswith("__")):
                continue
            function = member.fget if isinstance(member, property) else member
            function = getattr(function, "__func__", function)  # of a classmethod
            if inspect.isfunction(function):
                yield key, function


CALLABLES = dict(item for module in MODULES for item in callables(module))


def test_methods_of_the_client_are_among_the_callables() -> None:
    assert "atlas_backups.AtlasBackups.take_snapshots_async" in CALLABLES
    assert "atlas_backups.ApiError.__init__" in CALLABLES
    assert "atlas_backups.SnapshotList.to_pandas" in CALLABLES


@pytest.mark.parametrize("name", CALLABLES)
def test_annotations_of_public_callable_resolve(name: str) -> None:
    hints = typing.get_type_hints(CALLABLES[name])

    assert not [hint for hint in hints.values() if isinstance(hint, str | typing.ForwardRef)]


@pytest.mark.parametrize("name", CALLABLES)
def test_signature_of_public_callable_resolves(name: str) -> None:
    plain = inspect.signature(CALLABLES[name])

    resolved = inspect.signature(CALLABLES[name], eval_str=True)

    assert list(resolved.parameters) == list(plain.parameters)
    annotations = [parameter.annotation for parameter in resolved.parameters.values()]
    assert not [it for it in [*annotations, resolved.return_annotation] if isinstance(it, str)]
