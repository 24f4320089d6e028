"""Scripted faults: errors, delays, resets and damaged responses."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .errors import Scalar, error_body
from .http_request import Request
from .serialization import to_json


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault. Faults are matched in the order in which they were added.

    With `status`, `raw` or `reset="before"` the operation does not take effect unless
    `effect=True`; with every other fault it does.

    Args:
        method: Only requests with this method; None: any.
        path: Only requests whose path contains this text or matches this pattern (`search`);
            None: any.
        nth: The first matching request that it applies to, counted from 1.
        times: To how many consecutive matching requests it applies; None: no limit.
        status: Status of the response; None: the operation's own.
        headers: Headers to replace or add; an empty value removes one.
        body: Body of the response; None: the operation's own, or empty if `status` is given.
        delay: Real seconds between the effect and the response.
        reset: `before` resets the connection as if the request had never arrived: nothing is
            recorded and nothing takes effect. `after` resets it instead of responding.
        cut_body: Bytes of the body that are sent, although `Content-Length` announces all;
            then the connection is closed. None: all.
        byte_delay: Real seconds before each byte of the body.
        raw: Bytes sent instead of the response; then the connection is closed.
        close: True closes the connection after the response without a `Connection` header.
        effect: Whether the operation takes effect; None: as described above.
        effect_after: The operation takes effect this many seconds after the request, on the
            emulator's clock; needs `status`, `raw` or `reset`. None: at once.
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
            raise ValueError("a request that never arrived takes no effect")
        if not self.takes_effect and not self.replaces:
            raise ValueError(
                "without the operation there is no response: give status, raw or reset"
            )

    @classmethod
    def error(
        cls,
        status: int,
        code: str,
        detail: str = "Scripted by a fault.",
        parameters: tuple[Scalar, ...] = (),
    ) -> Fault:
        """Return a fault that responds with an error in Atlas's format.

        Restrict it with `dataclasses.replace(fault, method="POST", times=2)`.
        """
        return cls(
            status=status,
            headers={"Content-Type": "application/json", "X-Error-Code": code},
            body=to_json(error_body(status, code, detail, parameters)),
        )

    @property
    def replaces(self) -> bool:
        """Whether it replaces the operation's own response."""
        return self.status is not None or self.raw is not None or self.reset is not None

    @property
    def takes_effect(self) -> bool:
        """Whether the operation is carried out at once."""
        if self.effect_after is not None:
            return False
        if self.effect is not None:
            return self.effect
        return self.status is None and self.raw is None and self.reset != "before"

    def fits(self, request: Request) -> bool:
        """Return whether it applies to such a request."""
        if self.method is not None and self.method.upper() != request.method:
            return False
        if self.path is None:
            return True
        if isinstance(self.path, str):
            return self.path in request.path
        return self.path.search(request.path) is not None


class ScriptedFault:
    """A scripted fault and its counter."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._skip = fault.nth - 1
        self._left = fault.times

    @property
    def remaining(self) -> int | None:
        """To how many more requests it applies; None: no limit."""
        return self._left

    def take(self, request: Request) -> bool:
        """Return whether it applies to this request, and count it."""
        if self._left == 0 or not self.fault.fits(request):
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        return True


class FaultScript:
    """The pending faults, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[ScriptedFault] = []

    def add(self, fault: Fault) -> ScriptedFault:
        """Append a fault."""
        scripted = ScriptedFault(fault)
        with self._lock:
            self._faults.append(scripted)
        return scripted

    def take(self, request: Request) -> Fault | None:
        """Return the fault that applies to this request, if any."""
        with self._lock:
            for scripted in self._faults:
                if scripted.take(request):
                    self._faults = [item for item in self._faults if item.remaining != 0]
                    return scripted.fault
        return None

    def pending(self) -> tuple[ScriptedFault, ...]:
        """Return the faults that are not exhausted."""
        with self._lock:
            return tuple(self._faults)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()
