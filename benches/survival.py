"""Forks, signals and exits, survived or not: this package beside other clients built on Rust.

Every program is the same but for the call, which is one request and its answer. Each runs in a
process of its own, and has hung when it is not done after ten seconds. `make survival` installs the
others into an environment of their own and runs this; it prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serving import serving

if TYPE_CHECKING:
    from collections.abc import Sequence

HANGS_AFTER = 10.0
SHORT_PROCESSES = 40

# How each client makes one request, with and without asyncio; `URL` and `silent` are given.
CLIENTS = {
    "atlas-backups": """
from atlas_backups import AccessToken, AtlasBackups
client = AtlasBackups(AccessToken("t-0123456"), base_url=URL)
def call(): client.take_snapshot("66b0c1d2e3f4a5b6c7d8e9f0", "Cluster0")
async def call_async(): await client.take_snapshot_async("66b0c1d2e3f4a5b6c7d8e9f0", "Cluster0")
""",
    "obstore": """
import obstore
from obstore.store import HTTPStore
client = HTTPStore.from_url(URL, client_options={"allow_http": True})
def call(): obstore.get(client, "x").bytes()
async def call_async(): await (await obstore.get_async(client, "x")).bytes_async()
""",
    "pyreqwest": """
from pyreqwest.client import ClientBuilder, SyncClientBuilder
client = SyncClientBuilder().build()
client_async = ClientBuilder().build()
def call(): client.get(URL + "/x").build().send().bytes()
async def call_async(): await (await client_async.get(URL + "/x").build().send()).bytes()
""",
}
PRELUDE = """
import asyncio, os, signal, sys, threading, time, warnings
warnings.simplefilter("ignore")
URL = sys.argv[1]
def in_child(work):
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException as error:
            print(f"in the child: {error!r:.80}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child
def end(child):
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status: sys.exit(f"child ended with {status}")
def established():
    port = f":{int(URL.rpartition(':')[2]):04X}"
    lines = [line.split() for line in open("/proc/net/tcp")]
    return sum(line[2].endswith(port) and line[3] == "01" for line in lines)
def background(target):
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    time.sleep(0.3)
"""


@dataclass(frozen=True)
class Trial:
    """A program, the signal that it gets once it is in its call, and how it has to end."""

    name: str
    program: str
    silent: bool = False
    sent: signal.Signals | None = None
    status: int = 0
    # Whether it may say something on standard error, such as a traceback.
    is_loud: bool = False
    processes: int = 1


ASYNC_IN_CHILD = "in_child(lambda: asyncio.run(call_async()))"
TRIALS = (
    Trial("fork after use: child and parent call", "call(); end(in_child(call)); call()"),
    Trial("fork before use: child and parent call", "child = in_child(call); call(); end(child)"),
    Trial(
        "fork after asyncio: child calls in a loop",
        f"asyncio.run(call_async()); end({ASYNC_IN_CHILD}); asyncio.run(call_async())",
    ),
    Trial(
        "fork while 4 threads call: 20 children call",
        """
def work():
    while True: call()
for _ in range(4): background(work)
for _ in range(20): end(in_child(call))
os._exit(0)
""",
    ),
    Trial(
        "fork nested: grandchild calls",
        "call(); end(in_child(lambda: (call(), end(in_child(call))))); call()",
    ),
    Trial(
        "multiprocessing, start method fork",
        """
import multiprocessing
call()
with multiprocessing.get_context("fork").Pool(2) as pool: pool.starmap(call, [()] * 4)
""",
    ),
    Trial(
        "Ctrl-C in a blocked call",
        "call()",
        silent=True,
        sent=signal.SIGINT,
        status=-signal.SIGINT,
        is_loud=True,
    ),
    Trial(
        "SIGTERM whose handler raises, in a blocked call",
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3)); call()",
        silent=True,
        sent=signal.SIGTERM,
        status=3,
        is_loud=True,
    ),
    Trial(
        "Ctrl-C in an awaited call",
        "asyncio.run(call_async())",
        silent=True,
        sent=signal.SIGINT,
        status=-signal.SIGINT,
        is_loud=True,
    ),
    Trial(
        "cancelled task: its connection is closed",
        """
async def main():
    task = asyncio.create_task(call_async()); await asyncio.sleep(0.3)
    if not established(): sys.exit("never connected")
    task.cancel(); await asyncio.gather(task, return_exceptions=True); await asyncio.sleep(0.5)
    if established(): sys.exit("still connected")
asyncio.run(main())
""",
        silent=True,
    ),
    Trial("exit, a daemon thread in a call", "background(call)", silent=True),
    Trial(
        "exit, 8 daemon threads that call all the time",
        """
def work():
    while True: call()
for _ in range(8): threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
""",
        processes=SHORT_PROCESSES,
    ),
    Trial(
        "exit, a loop in a daemon thread",
        "background(lambda: asyncio.run(call_async()))",
        silent=True,
    ),
    Trial(
        "exit after one async call, on one core",
        """
loop = asyncio.new_event_loop()
loop.run_until_complete(call_async())
""",
        processes=SHORT_PROCESSES,
    ),
    Trial(
        "sys.exit with an async call in flight",
        """
async def main():
    task = asyncio.create_task(call_async()); await asyncio.sleep(0.3); sys.exit(0)
asyncio.run(main())
""",
        silent=True,
    ),
)


def run(trial: Trial, python: Path, client: str, url: str) -> str:
    """Run a trial once; say how it ended, `survives` where as it has to."""
    shout = "print('in the call', flush=True)\n" if trial.sent else ""
    script = f"{PRELUDE}{CLIENTS[client]}\n{shout}{trial.program}"
    with subprocess.Popen(  # noqa: S603  # our own interpreter
        [str(python), "-c", script, url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        if trial.sent and process.stdout:
            process.stdout.readline()
            time.sleep(0.5)
            process.send_signal(trial.sent)
        begun = time.monotonic()
        try:
            _, said = process.communicate(timeout=HANGS_AFTER)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its children too
            process.communicate()
            return "hangs"
    late = time.monotonic() - begun
    if process.returncode == trial.status and (trial.is_loud or not said):
        return f"survives ({late:.1f} s)" if trial.sent and late > 1 else "survives"
    if process.returncode < 0 and process.returncode != trial.status:
        return f"killed by {signal.Signals(-process.returncode).name}"
    last = said.strip().splitlines()[-1:] or [f"status {process.returncode}"]
    return f"fails: {last[0]:.60}".replace("|", "/")


def try_out(trial: Trial, python: Path, client: str, urls: tuple[str, str]) -> str:
    url = urls[trial.silent]
    ends = Counter(run(trial, python, client, url) for _ in range(trial.processes))
    if len(ends) == 1 and trial.processes == 1:
        return next(iter(ends))
    return ", ".join(f"{count} {end}" for end, count in ends.most_common())


def table(pythons: dict[str, Path], urls: tuple[str, str], names: Sequence[str]) -> None:
    print(f"| | {' | '.join(pythons)} |")
    print("|---" * (len(pythons) + 1) + "|")
    for trial in TRIALS:
        if names and not any(name in trial.name for name in names):
            continue
        cells = [try_out(trial, python, client, urls) for client, python in pythons.items()]
        print(f"| {trial.name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="a Python that has the others")
    parser.add_argument("names", nargs="*", help="parts of the names of trials; none: all")
    given = parser.parse_args()
    # Not resolved: the link is what makes it the interpreter of its environment.
    own, peers = Path(sys.executable), given.peers.absolute()
    pythons = {client: own if client == "atlas-backups" else peers for client in CLIENTS}
    with serving() as quick, serving(silent=True) as silent:
        # After the servers have started, which keep their cores.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        table(pythons, (quick, silent), given.names)


if __name__ == "__main__":
    main()
