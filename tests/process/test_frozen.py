"""A suspended process (SIGSTOP) sends nothing on a connection that the server has closed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bodies import queued
from tests.faults.matrix_rows import FROZEN
from tests.process.programs import access, start
from tests.raw_server import CLOSE, READ, Choose, RawServer, answer

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from tests.faults.plugin import Matrix
    from tests.flavor import ClientFlavor
    from tests.raw_server import Received, Script

TCP = Path("/proc/net/tcp")
MAX_SECONDS = 60
PROCESSES = 6
ROUNDS = 6
PROGRAM = """
for _ in range({rounds}):
    {read}  # leaves a connection behind
    os.kill(os.getpid(), signal.SIGSTOP)
    {take}
"""


def test_suspended_process_sends_no_post_on_closed_connection(
    flavor: ClientFlavor, matrix: Matrix
) -> None:
    read, take = "atlas.list_projects()", "take()"
    if flavor.name == "async":
        read, take = "run(atlas.list_projects_async())", "run(take_async())"
    program = "run = asyncio.new_event_loop().run_until_complete\n" * (flavor.name == "async")
    program += PROGRAM.format(rounds=ROUNDS, read=read, take=take)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(RawServer([READ, Choose(serve), CLOSE])) for _ in range(PROCESSES)
        ]
        children = [start(program, access(server)) for server in servers]
        wake_until_they_end(dict(zip(children, servers, strict=True)))
        for server, child in zip(servers, children, strict=True):
            _, stderr = child.communicate(timeout=MAX_SECONDS)
            assert "Error" not in stderr, stderr
            assert [it.method for it in server.requests].count("POST") == ROUNDS
    matrix.note(
        FROZEN,
        "SIGSTOP, then SIGCONT",
        call="take_snapshot",
        flavor=flavor.name,
        outcome="no effect",
        received="1 POST",
    )


def serve(requests: Sequence[Received]) -> Script:
    if requests[-1].method == "POST":
        return [answer(200, queued())]
    return [answer(200, {"results": [], "totalCount": 0})]


def wake_until_they_end(children: dict[subprocess.Popen[str], RawServer]) -> None:
    begun = time.monotonic()
    while any(child.poll() is None for child in children):
        assert time.monotonic() - begun < MAX_SECONDS
        time.sleep(0.02)
        for child, server in children.items():
            if child.poll() is None and is_stopped(child.pid) and has_ended(server):
                os.kill(child.pid, signal.SIGCONT)


def is_stopped(process_id: int) -> bool:
    done = os.waitid(os.P_PID, process_id, os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
    return done is not None


def has_ended(server: RawServer) -> bool:
    """Return whether the client's kernel knows that all connections are closed."""
    port, established = f":{server.port:04X}", "01"
    columns = (line.split() for line in TCP.read_text().splitlines())
    return not any(row[2].endswith(port) and row[3] == established for row in columns)


pytestmark = pytest.mark.skipif(not TCP.exists(), reason="needs Linux")
