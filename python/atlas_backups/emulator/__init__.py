"""An emulator of the Atlas Admin API on a loopback port, for tests and other programs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Clock, ManualClock, SystemClock
    from .emulator import AtlasEmulator, EmulatedSnapshot
    from .faults import Fault, ScriptedFault
    from .http_request import Header
    from .options import Behaviour, Limits, RateLimit, Security, VersionNotice
    from .request_log import ReceivedRequest
    from .seed import Cluster, Credential, ExistingSnapshot, Project, World, default_world

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

# Lazy, because pytest imports this package, for its plugin, in every project.
_MODULES = {
    "AtlasEmulator": "emulator",
    "Behaviour": "options",
    "Clock": "clock",
    "Cluster": "seed",
    "Credential": "seed",
    "EmulatedSnapshot": "emulator",
    "ExistingSnapshot": "seed",
    "Fault": "faults",
    "Header": "http_request",
    "Limits": "options",
    "ManualClock": "clock",
    "Project": "seed",
    "RateLimit": "options",
    "ReceivedRequest": "request_log",
    "ScriptedFault": "faults",
    "Security": "options",
    "SystemClock": "clock",
    "VersionNotice": "options",
    "World": "seed",
    "default_world": "seed",
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
