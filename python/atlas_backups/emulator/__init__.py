"""The Atlas Admin API on a loopback port, for tests, demonstrations and other programs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Clock, ManualClock, SystemClock
    from .emulator import AtlasEmulator, EmulatedSnapshot
    from .faults import Fault, ScriptedFault
    from .journal import ReceivedRequest
    from .message import Header
    from .options import Behaviour, Limits, RateLimit, Security, VersionNotice
    from .world import Cluster, Credential, ExistingSnapshot, Project, World, default_world

__all__ = [
    "AtlasEmulator",
    "Behaviour",
    "Clock",
    "Cluster",
    "Credential",
    "EmulatedSnapshot",
    "ExistingSnapshot",
    "Fault",
    "Header",
    "Limits",
    "ManualClock",
    "Project",
    "RateLimit",
    "ReceivedRequest",
    "ScriptedFault",
    "Security",
    "SystemClock",
    "VersionNotice",
    "World",
    "default_world",
]

# Loaded on first use: pytest imports this package, for its plugin, in every project there is.
_MODULES = {
    "AtlasEmulator": "emulator",
    "Behaviour": "options",
    "Clock": "clock",
    "Cluster": "world",
    "Credential": "world",
    "EmulatedSnapshot": "emulator",
    "ExistingSnapshot": "world",
    "Fault": "faults",
    "Header": "message",
    "Limits": "options",
    "ManualClock": "clock",
    "Project": "world",
    "RateLimit": "options",
    "ReceivedRequest": "journal",
    "ScriptedFault": "faults",
    "Security": "options",
    "SystemClock": "clock",
    "VersionNotice": "options",
    "World": "world",
    "default_world": "world",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
