"""HTTP/2 beside HTTP/1.1 behind TLS: handshakes, and calls one by one and at once.

`make bench-tls` runs it. Rounds alternate between the two protocols; the server offers one.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import sys
import tempfile
import urllib.request
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from running import HERE, measured, processors, serving
from table import MANY, shown

if TYPE_CHECKING:
    from collections.abc import Generator

CALLS = (1, 100, 1000)
AT_ONCE = 4000  # calls, so many of them in flight
KINDS = {"HTTP/2": [], "HTTP/1.1": ["--http1"]}


@contextmanager
def trusted(program: Path, kind: str, processor: int | None) -> Generator[str, None, None]:
    """Give the base URL of a server that speaks TLS and is trusted by what is run meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = f"{folder}/certificate.pem"
        arguments = ["--tls", certificate, *KINDS[kind]]
        with serving(program, *arguments, processor=processor) as address:
            os.environ["SSL_CERT_FILE"] = certificate
            yield f"https://{address}"


def handshakes(base_url: str) -> int:
    context = ssl.create_default_context()
    with urllib.request.urlopen(f"{base_url}/stats", context=context) as answer:  # noqa: S310  # loopback
        counts: dict[str, int] = json.load(answer)
        return counts["handshakes"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    first, second = (*processors(), None, None)[:2]
    figures: dict[str, list[float]] = defaultdict(list)
    for _ in range(options.rounds):
        for kind in KINDS:
            with trusted(options.server, kind, second) as base_url:
                for calls in CALLS:
                    before = handshakes(base_url)
                    program = [sys.executable, str(HERE / "handshakes.py"), base_url, str(calls)]
                    found = measured(program, first)
                    # Reading the count afterwards is a handshake too.
                    what = f"{kind}, {calls} calls one by one"
                    figures[f"{what}: handshakes"].append(handshakes(base_url) - before - 1)
                    figures[f"{what}: ms for the first"].append(found["first"] * 1e3)
                    if calls > 1:
                        figures[f"{what}: µs for each other"].append(found["others"] * 1e6)
                for way, name in (("calls", "atlas-backups async"), ("fleet", "atlas-backups")):
                    before = handshakes(base_url)
                    program = [sys.executable, str(HERE / "measure.py"), way, name, base_url]
                    found = measured([*program, str(AT_ONCE), str(MANY)], first)
                    what = f"{kind}, {MANY} at once, {'a fleet' if way == 'fleet' else 'async'}"
                    figures[f"{what}: handshakes"].append(handshakes(base_url) - before - 1)
                    figures[f"{what}: calls/s"].append(AT_ONCE / found["wall"])
                    figures[f"{what}: µs of CPU a call"].append(found["cpu"] / AT_ONCE * 1e6)
    for what, values in figures.items():
        print(f"{what}: {shown(values, 1)}")


if __name__ == "__main__":
    main()
