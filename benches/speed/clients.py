"""The clients that are compared: each makes one take, and of its answer the same kind of object.

Nothing is imported before it is used: the start of a process is measured too. Every client is what
its own documentation recommends, one client or session for all calls, with its usual limits.
"""

# ruff: noqa: PLC0415  # see above
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    Take = Callable[[], object]
    TakeAsync = Callable[[], Awaitable[object]]

GROUP_ID, CLUSTER_NAME = "66b0c1d2e3f4a5b6c7d8e9f0", "Cluster0"
PATH = f"/api/atlas/v2/groups/{GROUP_ID}/clusters/{CLUSTER_NAME}/backup/snapshots"
DESCRIPTION, DAYS = "before release 42", 7
TOKEN = "bench-token"  # noqa: S105  # of no service
HEADERS = {
    "Accept": "application/vnd.atlas.2025-03-12+json",
    "Authorization": f"Bearer {TOKEN}",
    "Content-Type": "application/json",
}


def module(name: str) -> Any:  # noqa: ANN401  # peers are installed in an environment of their own
    from importlib import import_module

    return import_module(name)


def body() -> bytes:
    import json

    return json.dumps({"description": DESCRIPTION, "retentionInDays": DAYS}).encode()


def client(base_url: str, **options: Any) -> Any:  # noqa: ANN401  # the same
    own = module("atlas_backups")
    return own.AtlasBackups(own.AccessToken(TOKEN), base_url=base_url, **options)


def atlas_backups(base_url: str) -> Take:
    take = client(base_url).take_snapshot
    return lambda: take(GROUP_ID, CLUSTER_NAME, description=DESCRIPTION, retention_in_days=DAYS)


def atlas_backups_async(base_url: str) -> TakeAsync:
    take = client(base_url).take_snapshot_async
    return lambda: take(GROUP_ID, CLUSTER_NAME, description=DESCRIPTION, retention_in_days=DAYS)


def pyreqwest(base_url: str) -> Take:
    from result import read

    session, url = module("pyreqwest.client").SyncClientBuilder().build(), base_url + PATH

    def take() -> object:
        request = session.post(url).headers(HEADERS).body_bytes(body()).build()
        return read(request.send().json())

    return take


def pyreqwest_async(base_url: str) -> TakeAsync:
    from result import read

    session, url = module("pyreqwest.client").ClientBuilder().build(), base_url + PATH

    async def take() -> object:
        request = session.post(url).headers(HEADERS).body_bytes(body()).build()
        return read(await (await request.send()).json())

    return take


def http_client(base_url: str) -> Take:
    import http.client
    import json
    import threading

    from result import read

    host = base_url.removeprefix("http://")
    local = threading.local()  # a connection serves one thread

    def take() -> object:
        connection = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = http.client.HTTPConnection(host)
        connection.request("POST", PATH, body(), HEADERS)
        return read(json.loads(connection.getresponse().read()))

    return take


def aiohttp(base_url: str) -> TakeAsync:
    from result import read

    session, url = module("aiohttp").ClientSession(), base_url + PATH

    async def take() -> object:
        async with session.post(url, data=body(), headers=HEADERS) as response:
            return read(await response.json(content_type=None))

    return take


def httpx(base_url: str) -> Take:
    from result import read

    # Waiting for a place in its pool is no error here.
    session, url = module("httpx").Client(timeout=None), base_url + PATH
    return lambda: read(session.post(url, content=body(), headers=HEADERS).json())


def httpx_async(base_url: str) -> TakeAsync:
    from result import read

    session, url = module("httpx").AsyncClient(timeout=None), base_url + PATH

    async def take() -> object:
        return read((await session.post(url, content=body(), headers=HEADERS)).json())

    return take


def requests(base_url: str) -> Take:
    from result import read

    session, url = module("requests").Session(), base_url + PATH
    return lambda: read(session.post(url, data=body(), headers=HEADERS).json())


def atlasapi(base_url: str) -> Take:
    import os

    from result import read

    os.environ["BASE_URL"] = base_url
    atlas = module("atlasapi.atlas").Atlas("public", "private", GROUP_ID)
    module("logging").disable()  # it warns at every take
    create = atlas.CloudBackups.create_snapshot_for_cluster
    return lambda: read(create(CLUSTER_NAME, DAYS, DESCRIPTION, as_obj=False))


# What is imported for it, and how many of the calls it makes: the slow ones would take too long.
CLIENTS: dict[str, tuple[str, Callable[[str], Any], float]] = {
    "atlas-backups": ("atlas_backups", atlas_backups, 1),
    "atlas-backups async": ("atlas_backups", atlas_backups_async, 1),
    "pyreqwest": ("pyreqwest.client", pyreqwest, 1),
    "pyreqwest async": ("pyreqwest.client", pyreqwest_async, 1),
    "http.client": ("http.client", http_client, 1),
    "aiohttp async": ("aiohttp", aiohttp, 0.5),
    "httpx": ("httpx", httpx, 0.2),
    "httpx async": ("httpx", httpx_async, 0.1),
    "requests": ("requests", requests, 0.2),
    "atlasapi": ("atlasapi.atlas", atlasapi, 0.1),
}
