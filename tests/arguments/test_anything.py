"""Property: any argument is accepted or raises an `AtlasError`; a rejected one sends nothing."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas_backups import (
    AccessToken,
    ApiKey,
    AtlasBackups,
    AtlasError,
    ConfigurationError,
    ForbiddenError,
    InvalidArgumentError,
    RawResponse,
    ReplicaSetSnapshot,
    ServiceAccount,
    SnapshotRequest,
    WaitTimeoutError,
)
from tests.bodies import SNAPSHOT_ID, error
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import RawServer, always, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


MANY = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Hostile:
    """Fails at whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return object.__getattribute__(self, name)
        raise RuntimeError(name)

    def _fail(self, *_: object) -> Any:
        raise RuntimeError

    __eq__ = __ne__ = __lt__ = __bool__ = __index__ = __int__ = __float__ = __len__ = _fail
    __iter__ = __next__ = __fspath__ = __str__ = __repr__ = __format__ = _fail
    __hash__ = None  # type: ignore[assignment]  # on purpose


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Index:
    def __init__(self, it: object) -> None:
        self.it = it

    def __index__(self) -> Any:
        return self.it


SNAPSHOT = ReplicaSetSnapshot(id=SNAPSHOT_ID, group_id=GROUP_ID, cluster_name=CLUSTER_NAME)
LOOKS_RIGHT = st.sampled_from(
    [GROUP_ID, CLUSTER_NAME, SNAPSHOT_ID, SNAPSHOT, "raise", "wait", 1, 2.5, True, False, None]
)
ANYTHING = st.one_of(
    LOOKS_RIGHT,
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers(),
    st.text(st.characters(exclude_categories=())) | st.binary(max_size=30),
    st.sampled_from([2**31, 2**63, 2**64, -(2**63), 10**400, 1e308, float("nan"), -0.0]),
    st.sampled_from(["", "\0", "\n", "\ud800", "é" * 2000, "../..", "a" * 65, GROUP_ID.upper()]),
    st.builds(Hostile) | st.builds(Text, st.text()) | st.builds(Number, st.integers()),
    st.builds(Index, st.integers() | st.text()),
    st.sampled_from([object(), type, int, len, Ellipsis, NotImplemented, GROUP_ID.encode()]),
    st.lists(st.integers() | st.text(), max_size=3) | st.dictionaries(st.text(), st.integers()),
    st.lists(st.integers(), max_size=2).map(iter) | st.tuples(st.text()),
    st.sampled_from([AccessToken("a"), ApiKey("a", "b"), ServiceAccount("a", "b")]),
)
REQUESTS = st.lists(
    st.one_of(
        ANYTHING,
        st.builds(
            SnapshotRequest,
            group_id=ANYTHING,
            cluster_name=ANYTHING,
            description=ANYTHING,
            retention_in_days=ANYTHING,
            idempotency_key=ANYTHING,
        ),
    ),
    max_size=3,
)
METHODS = (
    "take_snapshot",
    "take_snapshot_raw",
    "get_snapshot",
    "list_snapshots",
    "wait_for_snapshot",
    "watch_snapshot",
    "update_retention",
    "delete_snapshot",
    "list_projects",
    "list_clusters",
    "take_snapshots",
)
GOOD: dict[str, Any] = {
    "group_id": GROUP_ID,
    "cluster_name": CLUSTER_NAME,
    "snapshot_id": SNAPSHOT_ID,
}
REJECTION = answer(403, error(403, "USER_CANNOT_ACCESS"))


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(always(REJECTION)) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: RawServer) -> Iterator[AtlasBackups]:
    options: dict[str, Any] = {"base_url": server.base_url, "max_retries": 0, "total_timeout": 5}
    with AtlasBackups(AccessToken("a-token"), **options) as client:
        yield client


def parameters_of(method: str) -> list[str]:
    return list(inspect.signature(getattr(AtlasBackups, method)).parameters)[1:]


def result_or_error(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except AtlasError as error:
        return error


def run(client: AtlasBackups, method: str, arguments: dict[str, Any]) -> Any:
    """Call a method and exhaust its iterator."""
    result = getattr(client, method)(**arguments)
    return list(result) if method in {"watch_snapshot", "take_snapshots"} else result


@pytest.mark.parametrize("method", METHODS)
@MANY
@given(data=st.data())
def test_any_argument_returns_or_raises_atlas_error(
    client: AtlasBackups, server: RawServer, method: str, data: st.DataObject
) -> None:
    """Sync only: both flavors share the core."""
    arguments = {name: GOOD[name] for name in parameters_of(method) if name in GOOD}
    names = parameters_of(method)
    changed = data.draw(st.lists(st.sampled_from(names), max_size=3)) if names else []
    for name in changed:
        arguments[name] = data.draw(REQUESTS if name == "requests" else ANYTHING, label=name)
    if method == "take_snapshots":
        arguments.setdefault("requests", [])
    before = len(server.requests)

    ended = result_or_error(lambda: run(client, method, arguments))

    if isinstance(ended, InvalidArgumentError):
        assert str(ended)
        assert len(server.requests) == before or method == "take_snapshots"
    elif isinstance(ended, WaitTimeoutError):
        assert "timeout" in changed  # so short that nothing could be sent
    elif method == "take_snapshots":
        assert all(isinstance(outcome.error, AtlasError) for outcome in ended)
    else:
        # A wait of no time at all may end before anything is sent.
        assert isinstance(ended, (ForbiddenError, RawResponse, WaitTimeoutError)), repr(ended)
        assert len(server.requests) > before or isinstance(ended, WaitTimeoutError)


@MANY
@given(data=st.data())
def test_any_option_is_accepted_or_raises_configuration_error(data: st.DataObject) -> None:
    names = list(inspect.signature(AtlasBackups).parameters)
    chosen = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    options = {name: data.draw(ANYTHING, label=name) for name in chosen}
    options.setdefault("credentials", AccessToken("a-token"))
    if options["credentials"] is None:
        options["credentials"] = AccessToken("a-token")

    ended = result_or_error(lambda: AtlasBackups(**options).close())

    assert ended is None or (isinstance(ended, ConfigurationError) and str(ended))


@pytest.mark.parametrize("kind", [ServiceAccount, ApiKey, AccessToken])
@MANY
@given(data=st.data())
def test_any_credentials_work_or_raise_configuration_error(kind: Any, data: st.DataObject) -> None:
    halves = [data.draw(ANYTHING) for _ in range(1 if kind is AccessToken else 2)]

    ended = result_or_error(lambda: kind(*halves))

    if isinstance(ended, kind):
        assert all(isinstance(half, str) for half in halves)
        *public, secret = halves
        # A short one may be part of what is shown anyway.
        assert len(secret) < 20 or secret in public or secret not in repr(ended)
    else:
        assert isinstance(ended, ConfigurationError)
