"""The phases in which a call can be interrupted, each with the script of its server."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atlas_backups import AccessToken, ServiceAccount, SnapshotRequest
from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import CLOSE, NEVER, READ, always, answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.raw_server import Script

ACCOUNT = ServiceAccount("mdb_sa_id_1", "secret")
WHOLE = answer(200, queued())
RUNNING = answer(200, queued(status="inProgress"))
BUSY = answer(429, b"{}", {"Retry-After": "30"})
BUSY_AND_CLOSED = answer(429, b"{}", {"Retry-After": "30", "Connection": "close"})


@dataclass(frozen=True)
class Phase:
    """A call, and the requests after which it only waits."""

    script: Script
    requests: int = 1
    method: str = "take_snapshot"
    arguments: tuple[Any, ...] = (GROUP_ID, CLUSTER_NAME)
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    credentials: Any = field(default_factory=lambda: AccessToken("t-0123456"))
    client_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    # Number of earlier calls, which are rejected.
    before: int = 0
    scheme: str = "http"
    # Whether a connection is open meanwhile.
    is_connected: bool = True
    # Whether it has read a response and closed the connection.
    has_response: bool = False


def _waiting(method: str, *arguments: Any, **options: Any) -> Phase:
    return Phase(
        always(RUNNING),
        method=method,
        arguments=(GROUP_ID, CLUSTER_NAME, *arguments),
        options=options,
        is_connected=False,
    )


PHASES: dict[str, Phase] = {
    "the TLS handshake": Phase([NEVER], 0, scheme="https", is_connected=False),
    "the POST": Phase(always(NEVER)),
    "the POST of a raw take": Phase(always(NEVER), method="take_snapshot_raw"),
    "the head of a response": Phase([READ, WHOLE[:30], NEVER]),
    "the body of a response": Phase([READ, WHOLE[:-9], NEVER]),
    "the list of a key": Phase(always(NEVER), options={"idempotency_key": "k"}),
    "the fetch of a token": Phase(always(NEVER), credentials=ACCOUNT),
    "backoff of the token request": Phase(always(BUSY), credentials=ACCOUNT, is_connected=False),
    "a wait for Retry-After": Phase(
        [READ, BUSY_AND_CLOSED, NEVER], is_connected=False, has_response=True
    ),
    "the wait for a rate limit": Phase(
        always(BUSY), 0, client_options={"max_retries": 0}, before=1, is_connected=False
    ),
    "the wait before a reconciliation": Phase([READ, CLOSE], is_connected=False),
    "a poll of a wait": Phase(
        always(NEVER),
        method="wait_for_snapshot",
        arguments=(GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID),
    ),
    "between the polls of a wait": _waiting("wait_for_snapshot", SNAPSHOT_ID, poll_interval=30.0),
    "a read": Phase(
        always(NEVER), method="get_snapshot", arguments=(GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID)
    ),
}
ITERATIONS: dict[str, Phase] = {
    "a fleet": Phase(
        always(NEVER),
        2,
        method="take_snapshots",
        arguments=([SnapshotRequest(group_id=GROUP_ID, cluster_name=CLUSTER_NAME)] * 2,),
    ),
    "a watch": Phase(
        always(NEVER),
        method="watch_snapshot",
        arguments=(GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID),
    ),
}


class FullBacklog(ExitStack):
    """A port whose accept queue is full, so that connects hang."""

    def __init__(self) -> None:
        super().__init__()
        listener = self.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for _ in range(4):
            waiting = self.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003  # the name of the method says it
            waiting.connect_ex(listener.getsockname())
