"""Takes a snapshot with secrets that it gets reversed, then finds the objects that hold them."""

# ruff: noqa: ANN401  # anything may be found
import asyncio
import gc
import json
import sys
from collections.abc import Iterator
from typing import Any

from atlas_backups import AccessToken, ApiKey, AtlasBackups, ServiceAccount

flavor, kind, base_url, place, backwards = json.loads(sys.argv[1])
canary = 0
password = 3


def provide() -> AccessToken:
    return AccessToken(backwards[canary][::-1])


def credentials() -> Any:
    if kind == "service account":
        return ServiceAccount("mdb_sa_id_1", backwards[canary][::-1])
    if kind == "key":
        return ApiKey("public-key", backwards[canary][::-1])
    return provide if kind == "callable" else provide()


def client() -> AtlasBackups:
    proxy = f"http://user:{backwards[password][::-1]}@127.0.0.1:9"  # not used: this is loopback
    return AtlasBackups(credentials(), base_url=base_url, proxy=proxy)


def texts() -> Iterator[str]:
    """Give every text and every bytes that any object of this process refers to."""
    for holder in gc.get_objects():
        for held in gc.get_referents(holder):
            if isinstance(held, (str, bytes, bytearray)):
                yield held if isinstance(held, str) else held.decode("latin-1")


def found() -> list[int]:
    return [n for n, text in enumerate(backwards) if any(text in it[::-1] for it in texts())]


with client() as atlas:
    if flavor == "sync":
        snapshot = atlas.take_snapshot(*place)
    else:
        snapshot = asyncio.run(atlas.take_snapshot_async(*place))
    gc.collect()
    ending = {"found": found()}
kept = [backwards[canary][::-1]]
print(json.dumps({**ending, "sought": found() == [canary]}))  # noqa: T201  # the test reads it
