"""Makes each call to servers with faults, and prints the peak memory after each fault.

Arguments: the flavor, the base URL of a working server, and for each fault (JSON) the URLs of a
server whose reads fail and of one whose takes fail.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from atlas_backups import AccessToken, AtlasBackups, AtlasError
from tests.faults.lab import GET, LIST, TAKE, TAKE_WITH_KEY
from tests.flavor import ClientFlavor


def most_memory() -> int:
    """Return the peak of the resident set, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak) * 1024


def client_of(url: str) -> AtlasBackups:
    token = AccessToken("a-token-for-a-raw-server")
    return AtlasBackups(token, base_url=url, total_timeout=1.9, max_retries=1)


flavor = ClientFlavor("sync" if sys.argv[1] == "sync" else "async")
with client_of(sys.argv[2]) as good:
    for call in (GET, LIST, TAKE, TAKE_WITH_KEY):
        assert not isinstance(call.run(flavor, good), AtlasError)
peaks = {"idle": most_memory()}
for fault, (reads, takes) in json.loads(sys.argv[3]).items():
    with client_of(reads) as reader, client_of(takes) as taker:
        for client, call in ((reader, GET), (reader, LIST), (taker, TAKE), (taker, TAKE_WITH_KEY)):
            assert isinstance(call.run(flavor, client), AtlasError)
    peaks[fault] = most_memory()
print(json.dumps(peaks))  # noqa: T201  # the test reads it
