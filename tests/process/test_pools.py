"""Process pools: multiprocessing, concurrent.futures, preforking servers."""

from __future__ import annotations

import multiprocessing
import subprocess
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from atlas_backups.emulator import Fault
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.process.programs import PROGRAM_TIMEOUT, run, run_file, start

if TYPE_CHECKING:
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator

POOLS = f"""
import concurrent.futures, multiprocessing, sys
from atlas_backups import AtlasBackups

atlas = AtlasBackups()

def take(_):
    return atlas.take_snapshot("{GROUP_ID}", "{CLUSTER_NAME}").id

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    ids = [take(0)]
    with context.Pool(2) as pool:
        ids += pool.map(take, range(4))
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        ids += executor.map(take, range(4))
    process = context.Process(target=take, args=(0,))
    process.start()
    ids.append(take(0))
    process.join()
    assert process.exitcode == 0
    assert len(set(ids)) == len(ids) == 10
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_multiprocessing_and_process_pools(
    emulator: AtlasEmulator, tmp_path: Path, method: str
) -> None:
    there_before = len(emulator.snapshots)
    program = tmp_path / "program.py"
    program.write_text(POOLS)

    run_file(program, method, environment=emulator.env)
    assert len(emulator.snapshots) - there_before == 11


# A preforking server: the client is used before the workers are forked.
SERVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = f"{os.getpid()} {take()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
def leave(*_):
    raise SystemExit
def serve():
    signal.alarm(0)
    signal.signal(signal.SIGTERM, leave)
    try:
        server.serve_forever()
    except SystemExit:
        server.server_close()
take()
server = HTTPServer(("127.0.0.1", 0), Handler)
workers = [in_child(serve) for _ in range(3)]
print(server.server_port, flush=True)
sys.stdin.readline()
take()
for worker in workers: os.kill(worker, signal.SIGTERM)
for worker in workers: end(worker)
server.server_close()
"""


def test_preforked_server_workers(emulator: AtlasEmulator) -> None:
    there_before = len(emulator.snapshots)
    # Long enough that other workers have to accept.
    emulator.fault(Fault(method="POST", path="/backup/", delay=0.3, times=None))
    with start(SERVER, emulator.env, stdin=subprocess.PIPE) as process:
        assert process.stdout
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"

        def request(_: int) -> list[str]:
            with urllib.request.urlopen(url, b"", timeout=20) as response:
                body: bytes = response.read()
                return body.decode().split()

        with ThreadPoolExecutor(6) as pool:
            responses = list(pool.map(request, range(6)))
        out, err = process.communicate("stop\n", timeout=PROGRAM_TIMEOUT)

    assert (process.returncode, out, err) == (0, "", "")
    assert len({worker for worker, _ in responses}) > 1
    assert len({taken for _, taken in responses}) == 6
    assert len(emulator.snapshots) - there_before == 8


def test_daemonized_grandchild_works(emulator: AtlasEmulator) -> None:
    # A daemon: its parent has exited before it calls.
    script = """
take()
read, write = os.pipe()
def daemon():
    os.setsid()
    if os.fork(): os._exit(0)
    os.write(write, take().encode())
end(in_child(daemon))
os.close(write)
assert len(os.read(read, 100)) == 24
"""
    assert run(script, emulator.env) == ""


def test_killed_child_leaves_siblings_unharmed(
    emulator: AtlasEmulator,
) -> None:
    script = """
take()
idle = in_child(lambda: (take(), signal.pause()))
time.sleep(0.3)
os.kill(idle, signal.SIGTERM)
assert os.waitstatus_to_exitcode(os.waitpid(idle, 0)[1]) == -signal.SIGTERM
end(in_child(take)); take()
"""
    assert run(script, emulator.env) == ""
