"""A terminal of its own for the program, and a person before it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

_SECONDS = 60


def on_a_terminal(
    env: dict[str, str],
    *words: str,
    at: str | None = None,
    then: str | signal.Signals = signal.SIGINT,
    **changes: str,
) -> tuple[int, str]:
    """Run the program on a terminal; return its status and all that was written there.

    When it has said `at`, a person types `then`, or a signal comes.
    """
    controller, terminal = os.openpty()
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "atlas_backups", *words],
        env={**env, "COLUMNS": "80", **changes},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        said = b""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            try:
                piece = os.read(controller, 4096)
            except OSError:  # how Linux says that the other side has closed
                break
            if not piece:
                break
            said += piece
            if at is not None and at.encode() in said:
                if isinstance(then, str):
                    os.write(controller, then.encode())
                else:
                    process.send_signal(then)
                at = None
        os.close(controller)
        status = process.wait(timeout=_SECONDS)
    return status, said.decode().replace("\r\n", "\n")
