"""`atlas-backups emulator`: runs the emulator for other programs."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import sys
import threading
from typing import TYPE_CHECKING, TextIO

from .emulator import AtlasEmulator
from .http_server import check_loopback
from .options import Behaviour, Security

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from .request_log import ReceivedRequest

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_HIGHEST_PORT = 65_535
_STEP_SECONDS = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Run the emulator until Ctrl-C or SIGTERM.

    Args:
        argv: Arguments without the program's name; None: those of the process.

    Returns:
        0 after a stop, 1 when the port is taken or stdout cannot be written. Bad usage exits
        with 2.
    """
    arguments = _parser().parse_args(argv)
    emulator = AtlasEmulator(
        host=arguments.host,
        port=arguments.port,
        snapshot_seconds=arguments.snapshot_seconds,
        behaviour=Behaviour(
            sharded_in_plain_endpoints=arguments.sharded_in_plain_endpoints,
            retention_required=arguments.retention_required,
        ),
        security=Security(digest_algorithm=arguments.digest_algorithm),
        log=None if arguments.quiet else _log,
    )
    stop = threading.Event()
    with _stopping(stop):
        try:
            emulator.start()
        except OSError as error:
            _write_stderr(f"cannot listen on port {arguments.port}: {error.strerror}")
            return 1
        try:
            try:
                _write(sys.stdout, _welcome(emulator))
            except BrokenPipeError:
                return 1  # the reader closed the pipe on purpose, as `head` does
            except OSError as error:
                _write_stderr(f"cannot write to standard output: {error.strerror or error}")
                _discard_output()
                return 1
            # In steps, because Windows delivers no signal during a wait without a timeout.
            while not stop.wait(_STEP_SECONDS):
                pass
        finally:
            emulator.stop()
    _write_stderr("stopped")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="atlas-backups emulator",
        description="Run the Atlas Admin API for snapshots on a loopback port, without an account.",
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="TCP port; 0, the default: any free port"
    )
    parser.add_argument(
        "--host",
        type=_host,
        default="127.0.0.1",
        help="IPv4 loopback address to listen on (default: %(default)s)",
    )
    parser.add_argument(
        "--snapshot-seconds",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="duration of a snapshot; 0: completed at once (default: %(default)s)",
    )
    parser.add_argument(
        "--digest-algorithm",
        choices=("MD5", "SHA-256"),
        default="MD5",
        help="algorithm of the digest challenge (default: %(default)s)",
    )
    parser.add_argument(
        "--sharded-in-plain-endpoints",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="serve snapshots of sharded clusters at the endpoints of all snapshots too, or only"
        " at those of sharded clusters (default: both)",
    )
    parser.add_argument(
        "--retention-required",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="reject a take without retentionInDays (default: accept it)",
    )
    parser.add_argument("--quiet", action="store_true", help="do not log requests")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_HIGHEST_PORT}")
    return int(text)


def _host(text: str) -> str:
    try:
        return check_loopback(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError("seconds are a number from 0")
    return seconds


@contextlib.contextmanager
def _stopping(stop: threading.Event) -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _welcome(emulator: AtlasEmulator) -> str:
    account = emulator.credential("service_account")
    key = emulator.credential("api_key")
    token = emulator.credential("access_token")
    exports = [f"export {name}={shlex.quote(value)}" for name, value in emulator.env.items()]
    path = f"/api/atlas/v2/groups/{emulator.group_id}/clusters/{emulator.cluster_name}"
    take = [
        '  --header "Accept: application/vnd.atlas.2025-03-12+json" \\',
        '  --header "Content-Type: application/json" \\',
        f'  -X POST "{emulator.base_url}{path}/backup/snapshots" \\',
        """  -d '{"description": "from curl", "retentionInDays": 7}'""",
    ]
    lines = [
        f"Atlas emulator at {emulator.base_url}",
        "",
        f"Project          {emulator.group_id}",
        f"Replica set      {emulator.cluster_name}",
        f"Sharded cluster  {emulator.sharded_cluster_name}",
        f"Service account  {account.id}  {account.secret}",
        f"API key          {key.id}  {key.secret}",
        f"Access token     {token.secret}",
        "",
        "For any program that reads Atlas's variables:",
        "",
        *exports,
        "",
        "Take a snapshot with the access token:",
        "",
        f'curl --include --header "Authorization: Bearer {token.secret}" \\',
        *take,
        "",
        "Take a snapshot with the API key:",
        "",
        f'curl --user "{key.id}:{key.secret}" --digest --include \\',
        *take,
        "",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)


def _log(request: ReceivedRequest) -> None:
    status = "reset" if request.status is None else request.status
    query = f"?{request.query}" if request.query else ""
    # Escaped, because a request may contain control sequences.
    line = f"{request.method} {request.path}{query}".encode("unicode_escape").decode()
    _write_stderr(f"{line} -> {status}")


def _write_stderr(line: str) -> None:
    # An unwritable stderr cannot be reported anywhere.
    with contextlib.suppress(OSError):
        _write(sys.stderr, line)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None or stream.closed:
        raise OSError("it is closed")
    # One write, so that lines of several threads do not mix.
    stream.write(text + "\n")
    stream.flush()


def _discard_output() -> None:
    # A later flush of the unwritten text would fail again, and the interpreter exit with 120.
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
