"""Memory of large responses: the growth of a process during a call."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import READ, Choose, RawServer, Repeat, answer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from tests.flavor import ClientFlavor
    from tests.raw_server import Received, Script, Step

PROGRAM = Path(__file__).parent / "program.py"
MOST = 32 << 20

PLACE = [GROUP_ID, CLUSTER_NAME]
TOKEN = answer(200, {"access_token": "a-token", "expires_in": 3600})
EMPTY = answer(200, {"results": [], "totalCount": 0})
SNAPSHOT = answer(200, queued())
# The arguments of each method, and its responses.
METHODS: dict[str, tuple[list[Any], list[bytes]]] = {
    "take_snapshot": (PLACE, [SNAPSHOT]),
    "take_snapshot_raw": (PLACE, [SNAPSHOT]),
    "get_snapshot": ([*PLACE, SNAPSHOT_ID], [SNAPSHOT]),
    "list_snapshots": (PLACE, [EMPTY, EMPTY]),
    "list_projects": ([], [EMPTY]),
    "list_clusters": ([GROUP_ID], [EMPTY]),
    "delete_snapshot": ([*PLACE, SNAPSHOT_ID], [answer(204)]),
}


def chunked(piece: bytes, status: int = 200, encoding: str = "identity") -> list[Step]:
    head = f"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {encoding}\r\n"
    chunk = b"%x\r\n%s\r\n" % (len(piece), piece)
    return [head.encode() + b"\r\n", Repeat([chunk])]


def bomb() -> list[Step]:
    """Yield gzip members of a MiB each, without end."""
    return chunked(gzip.compress(b"[" * (1 << 20)), encoding="gzip")


ENDLESS: dict[str, list[Step]] = {
    "words": chunked(b"a " * 0x8000),
    "JSON": chunked(b'{"results":[0,' * 0x1000),
    "an error": chunked(b"a " * 0x8000, status=503),
    "a bomb": bomb(),
    "a head": [b"HTTP/1.1 200 OK\r\n", Repeat([b"X: " + b"x" * 4096 + b"\r\n"])],
}
# One byte below the limit, of the smallest values.
DENSE = {
    "numbers": b'{"results":[' + b"0," * ((8 << 20) // 2 - 20) + b"0]}",
    "objects": b'{"results":[' + b"{}," * ((8 << 20) // 3 - 20) + b"{}]}",
    "members": b"{" + b'"":0,' * ((8 << 20) // 5 - 20) + b'"results":[]}',
    "few values": b'{"id":"%s","results":["' % SNAPSHOT_ID.encode() + b"x" * 8_388_550 + b'"]}',
}
# The most that is read of one response, of the values with the most memory in Python.
VALUES = 499_000
PART = b'{"id":"%s","cloudProvider":"AWS","replicaSetName":"shard-1"}' % SNAPSHOT_ID.encode()
FULL = {
    "words": b'"x":[' + b'"abcdefgh",' * VALUES + b"0]",
    "names": b'"x":{' + b",".join(b'"name-%d":0' % number for number in range(VALUES // 2)) + b"}",
    "objects": b'"x":[' + b'{"a":{"b":1}},' * (VALUES // 23) + b"0]",
    "wide text": b'"description":"' + b"x" * 8_300_000 + "😀".encode() + b'"',
    "members": b'"type":"shardedCluster","members":[' + b",".join([PART] * (VALUES // 16)) + b"]",
    "ids": b'"type":"shardedCluster","snapshotIds":['
    + b",".join([b'"%s"' % SNAPSHOT_ID.encode()] * 300_000)
    + b"]",
}


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("method", METHODS)
def test_endless_response_has_bounded_memory(
    flavor: ClientFlavor, stack: ExitStack, method: str, kind: str
) -> None:
    _, needed = METHODS[method]
    before: list[Step] = [step for good in needed[:-1] for step in (READ, good)]

    text, grown = cost(flavor, stack, method, [READ, TOKEN, *before, READ, *ENDLESS[kind]])

    assert text or method == "delete_snapshot"
    assert grown < MOST, f"{grown >> 20} MiB: {text}"


@pytest.mark.parametrize("kind", ENDLESS)
def test_endless_token_response_has_bounded_memory(
    flavor: ClientFlavor, stack: ExitStack, kind: str
) -> None:
    text, grown = cost(flavor, stack, "get_snapshot", [READ, *ENDLESS[kind]])

    assert text
    assert grown < MOST, f"{grown >> 20} MiB: {text}"


@pytest.mark.parametrize("kind", DENSE)
@pytest.mark.parametrize("method", ["take_snapshot_raw", "list_snapshots"])
def test_memory_of_body_within_limit(
    flavor: ClientFlavor, stack: ExitStack, method: str, kind: str
) -> None:
    _, needed = METHODS[method]
    good: list[Step] = [step for response in needed for step in (READ, response)]

    text, grown = cost(flavor, stack, method, [READ, TOKEN, READ, answer(200, DENSE[kind]), *good])

    assert text or method == "take_snapshot_raw"
    assert grown < 2 * MOST, f"{grown >> 20} MiB: {text}"


@pytest.mark.parametrize("kind", FULL)
def test_memory_of_largest_response_is_as_documented(
    flavor: ClientFlavor, stack: ExitStack, kind: str
) -> None:
    body = b'{"id":"%s",%s}' % (SNAPSHOT_ID.encode(), FULL[kind])
    sent = answer(200, body)
    good: list[Step] = [READ, sent, READ, sent]  # of a sharded cluster it is asked again

    text, grown = cost(flavor, stack, "get_snapshot", [READ, TOKEN, *good], total_timeout=30)

    assert not text
    assert grown < 3 * MOST, f"{grown >> 20} MiB"


def test_memory_of_largest_list_is_as_documented(flavor: ClientFlavor, stack: ExitStack) -> None:
    words = b'"abcdefgh",' * VALUES

    def choose(requests: Sequence[Received]) -> Script:
        """Respond by request, because a large body may keep its connection busy."""
        target = urlsplit(requests[-1].target)
        if target.path.endswith("/token"):
            return [TOKEN]
        number = int(parse_qs(target.query).get("pageNum", ["0"])[0])
        item = b'{"id":"66%022x","x":[%s0]}' % (number, words)
        return [answer(200, b'{"results":[%s],"totalCount":9}' % item)]

    script: list[Step] = [Repeat([READ, Choose(choose)])]
    text, grown = cost(flavor, stack, "list_snapshots", script, total_timeout=60, later=script)

    assert "more than 4000000 JSON values" in text
    assert grown < 19 * MOST, f"{grown >> 20} MiB"


def cost(  # noqa: PLR0913  # what is called, and what it meets
    flavor: ClientFlavor,
    stack: ExitStack,
    method: str,
    script: list[Step],
    *,
    total_timeout: float = 1.9,
    later: list[Step] | None = None,
) -> tuple[str, int]:
    """Call a method in a new process; return its error and its memory.

    Connections after the first one get `later`; without it, they can end a token.
    """
    arguments, needed = METHODS[method]
    good: list[Step] = [step for response in needed for step in (READ, response)]
    revoked: list[Step] = [READ, answer(200)]
    warm_up = stack.enter_context(RawServer([READ, TOKEN, *good, *revoked], revoked))
    endless = stack.enter_context(RawServer(script, later or revoked))
    # Too short for a poll after the POST.
    options = {"max_retries": 0, "timeout": 20, "total_timeout": total_timeout}
    work = [flavor.name, method, arguments, warm_up.base_url, endless.base_url, options]
    done = subprocess.run(  # noqa: S603  # a program of ours
        [sys.executable, "-W", "error", str(PROGRAM), json.dumps(work)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    ending = json.loads(done.stdout)
    return ending["text"], ending["grown"]
