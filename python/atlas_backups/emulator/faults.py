"""Scripted faults: what goes wrong with which request."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from . import wire
from .errors import Scalar, error_body
from .message import Message


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing to go wrong. Faults are tried in the order in which they were given.

    A fault that says what to send instead (`status`, `raw`) or resets `before` keeps the operation
    from taking effect unless `effect=True`; all others let it take effect.

    Args:
        method: Only requests with this method; None: any.
        path: Only requests whose path contains this text or in which this pattern is found; None:
            any.
        nth: The first matching request that it touches, counted from 1.
        times: How many requests in a row it touches; None: for ever.
        status: Status to answer with; None: the operation's own.
        headers: Headers that replace or join those of the answer; an empty value drops one.
        body: Body to answer with; None: the operation's own, or an empty one if `status` is given.
        delay: Seconds, of real time, between the effect and the answer.
        reset: `before` resets the connection as if the request had never come: nothing is recorded
            and nothing takes effect. `after` resets it in place of the answer.
        cut_body: Bytes of the body that are really sent, though `Content-Length` promises all;
            then the connection is closed. None: all.
        byte_delay: Seconds, of real time, before each byte of the body.
        raw: These bytes in place of the whole answer; then the connection is closed.
        close: True closes the connection after the answer without saying so in a header.
        effect: Whether the operation takes effect; None: as said above.
        effect_after: The operation takes effect this many seconds, on the emulator's clock, after
            the request; needs something to send instead. None: at once.
    """

    method: str | None = None
    path: str | re.Pattern[str] | None = None
    nth: int = 1
    times: int | None = 1
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    delay: float = 0.0
    reset: Literal["before", "after"] | None = None
    cut_body: int | None = None
    byte_delay: float = 0.0
    raw: bytes | None = None
    close: bool = False
    effect: bool | None = None
    effect_after: float | None = None

    def __post_init__(self) -> None:
        if self.nth < 1 or (self.times is not None and self.times < 1):
            raise ValueError("nth and times count from 1")
        for name in ("delay", "byte_delay", "effect_after"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ValueError(f"{name} must be finite and 0 or more, not {value!r}")
        if self.cut_body is not None and self.cut_body < 0:
            raise ValueError(f"cut_body must be 0 or more, not {self.cut_body}")
        if self.reset == "before" and (self.effect or self.effect_after is not None):
            raise ValueError("a request that never came takes no effect")
        if not self.takes_effect and not self.replaces:
            raise ValueError("without the operation there is no answer: give status, raw or reset")

    @classmethod
    def error(
        cls,
        status: int,
        code: str,
        detail: str = "Scripted by a fault.",
        parameters: tuple[Scalar, ...] = (),
    ) -> Fault:
        """Return a fault that answers with an error of Atlas' shape.

        Narrow it down with `dataclasses.replace(fault, method="POST", times=2)`.
        """
        return cls(
            status=status,
            headers={"Content-Type": "application/json", "X-Error-Code": code},
            body=wire.compact(error_body(status, code, detail, parameters)),
        )

    @property
    def replaces(self) -> bool:
        """Whether it says what happens in place of the operation's own answer."""
        return self.status is not None or self.raw is not None or self.reset is not None

    @property
    def takes_effect(self) -> bool:
        """Whether the operation is carried out at once."""
        if self.effect_after is not None:
            return False
        if self.effect is not None:
            return self.effect
        return self.status is None and self.raw is None and self.reset != "before"

    def fits(self, message: Message) -> bool:
        """Return whether it is about such a request."""
        if self.method is not None and self.method.upper() != message.method:
            return False
        if self.path is None:
            return True
        if isinstance(self.path, str):
            return self.path in message.path
        return self.path.search(message.path) is not None


class ScriptedFault:
    """A fault in the script, and how much of it is left."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._skip = fault.nth - 1
        self._left = fault.times

    @property
    def remaining(self) -> int | None:
        """How many more requests it will touch; None: no end."""
        return self._left

    def take(self, message: Message) -> bool:
        """Return whether it touches this request, and count that."""
        if self._left == 0 or not self.fault.fits(message):
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        return True


class FaultScript:
    """The faults to come, in order. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[ScriptedFault] = []

    def add(self, fault: Fault) -> ScriptedFault:
        """Put a fault behind the others."""
        scripted = ScriptedFault(fault)
        with self._lock:
            self._faults.append(scripted)
        return scripted

    def take(self, message: Message) -> Fault | None:
        """Return the fault that touches this request, if any."""
        with self._lock:
            for scripted in self._faults:
                if scripted.take(message):
                    self._faults = [item for item in self._faults if item.remaining != 0]
                    return scripted.fault
        return None

    def pending(self) -> tuple[ScriptedFault, ...]:
        """Return the faults that are not used up."""
        with self._lock:
            return tuple(self._faults)

    def clear(self) -> None:
        """Drop them all."""
        with self._lock:
            self._faults.clear()
