"""No thread of the package receives a signal that the program blocks for `sigwait`."""

from __future__ import annotations

import pytest

from tests.bodies import queued
from tests.process.programs import access, run
from tests.raw_server import NEVER, RawServer, always, answer

# Scripts that start threads of the package, which run when the signal arrives.
STARTS = {
    "a sync call": "take()",
    "an async call": "asyncio.run(take_async())",
    "an async call without readers": """
class NoReaders(asyncio.SelectorEventLoop):
    def add_reader(self, *_): raise NotImplementedError
loop = NoReaders()
async def main():
    global task
    atlas = AtlasBackups(base_url=os.environ["SILENT"])
    task = asyncio.create_task(atlas.take_snapshot_async(*PLACE)); await asyncio.sleep(0.05)
loop.run_until_complete(main())
""",
    "an emulator": """
from atlas_backups.emulator import AtlasEmulator
import http.client
emulator = AtlasEmulator(); emulator.start()
connection = http.client.HTTPConnection(emulator.base_url.rpartition("/")[2])
connection.request("GET", "/"); connection.getresponse().read()
""",
    "a progress display": """
from atlas_backups.progress.tqdm_display import TqdmDisplay
import io
sys.stderr = io.StringIO()
display = TqdmDisplay("begin", None)
assert any("progress" in thread.name for thread in threading.enumerate())
""",
}
WAIT = """
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.kill(os.getpid(), signal.SIGTERM)
print(signal.sigwait({signal.SIGTERM}).name, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("start", STARTS)
def test_sigterm_blocked_for_sigwait_does_not_end_the_process(ready: RawServer, start: str) -> None:
    with RawServer(always(NEVER)) as silent:
        out = run(STARTS[start] + WAIT, {**access(ready), "SILENT": silent.base_url})

    assert out == "SIGTERM\n"


def test_resolver_thread_blocks_signals() -> None:
    # The thread is short-lived, so several calls are needed to observe one.
    script = """
import pathlib
blocked = set()
def watch():
    while True:
        for status in pathlib.Path("/proc/self/task").glob("*/status"):
            try: lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            except (OSError, ValueError): continue
            if lines["Name"].strip() == "atlas-backups":
                blocked.add(bool(int(lines["SigBlk"], 16) & 1 << signal.SIGTERM - 1))
threading.Thread(target=watch, daemon=True).start()
for _ in range(20): take()
print(*blocked)
"""
    with RawServer(always(answer(200, queued(), {"Connection": "close"}))) as server:
        name = server.base_url.replace("127.0.0.1", "localhost")
        out = run(script, {**access(server), "MONGODB_ATLAS_BASE_URL": name})

    assert out == "True\n"


def test_calling_thread_keeps_its_signal_mask(ready: RawServer) -> None:
    script = """
from atlas_backups.emulator import AtlasEmulator
mask = lambda: {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())}
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
take(); asyncio.run(take_async())
with AtlasEmulator(): print(mask() == {signal.SIGUSR1})
"""

    assert run(script, access(ready)) == "True\n"
