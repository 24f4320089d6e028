"""Bodies that would exhaust memory are rejected, with bounded memory."""

# anything may be passed on
from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from atlas_backups import InvalidResponseError, ServerError
from tests.bodies import queued
from tests.faults.lab import Fault
from tests.faults.matrix_rows import LARGE, SERVER_ERROR
from tests.faults.service import failing, service
from tests.raw_server import Repeat, answer

if TYPE_CHECKING:
    from tests.faults.lab import Lab
    from tests.raw_server import Step

PROGRAM = Path(__file__).parent / "program.py"
MEBIBYTE = 1 << 20
# On top of a process that has made working calls. The allocator keeps memory of earlier faults;
# `tests/limits` measures single calls.
MAX_MEMORY = 48 * MEBIBYTE

OK = b"HTTP/1.1 200 OK\r\n"
BLANKS = b" " * 0x10000
CHUNK = b"10000\r\n" + BLANKS + b"\r\n"
BOMB = gzip.compress(BLANKS * 4096, compresslevel=1)  # 256 MiB


def large(name: str, *steps: Step) -> Fault:
    return Fault(LARGE, name, lambda _: steps, InvalidResponseError)


def snapshots(size: int) -> bytes:
    """Return a list and a snapshot in one, with a field of that size."""
    body = {**queued(new="x" * size), "results": [queued()], "totalCount": 1}
    return answer(200, body)


FAULTS = [
    large("endless chunks", OK, b"Transfer-Encoding: chunked\r\n\r\n", Repeat([CHUNK])),
    large("endless body without a length", OK, b"\r\n", Repeat([BLANKS])),
    large(
        "Content-Length of 10^15",
        OK,
        b"Content-Length: 1" + b"0" * 15,
        b"\r\n\r\n",
        Repeat([BLANKS]),
    ),
    large("good JSON of 9 MiB", snapshots(9 * MEBIBYTE)),
    large("gzip bomb", answer(200, BOMB, {"Content-Encoding": "gzip"})),
    large("lists, 100 000 deep", answer(200, "[" * 100_000)),
    large("objects, 5 000 deep, good but for that", answer(200, '{"a":' * 5000 + "1" + "}" * 5000)),
    large("8 MiB of brackets", answer(200, "[" * (8 * MEBIBYTE))),
    large("8 MiB of no UTF-8", answer(200, b"\xff" * (8 * MEBIBYTE))),
    large("a text of 8 MiB", answer(200, f'"{"x" * (8 * MEBIBYTE - 2)}"')),
    large("4 million numbers", answer(200, f"[{'0,' * (4 * MEBIBYTE - 2)}0]")),
    large("2 million objects", answer(200, f'{{"results":[{"{}," * (2 * MEBIBYTE)}{{}}]}}')),
]
# 64 KiB of an error are read; the truncated body is no JSON.
LARGE_ERROR = Fault(
    SERVER_ERROR,
    "500 with an endless body",
    lambda _: [
        b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n",
        Repeat([CHUNK]),
    ],
    ServerError,
)


@pytest.mark.parametrize("fault", [*FAULTS, LARGE_ERROR], ids=str)
def test_large_body_is_rejected(lab: Lab, fault: Fault) -> None:
    # Not concurrently: these are CPU-bound, and a take has little time here.
    for call, lasts in fault.cases():
        lab.run_case(fault, call, lasts=lasts)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")
def test_memory_is_bounded(lab: Lab) -> None:
    faults = [*FAULTS, LARGE_ERROR]
    urls = {
        fault.name: [lab.start(failing(fault.steps, method)).base_url for method in ("GET", "POST")]
        for fault in faults
    }
    idle = lab.start(service())

    done = subprocess.run(  # noqa: S603  # a program of ours
        [sys.executable, str(PROGRAM), lab.flavor.name, idle.base_url, json.dumps(urls)],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )

    peaks = json.loads(done.stdout)
    assert peaks.keys() == urls.keys() | {"idle"}
    assert max(peaks.values()) - peaks["idle"] < MAX_MEMORY, peaks
