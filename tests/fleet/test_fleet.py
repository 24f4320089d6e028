"""`take_snapshots`: concurrency, completion order, isolated failures, credentials."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import itertools
import re
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import (
    AccessToken,
    AmbiguousOutcomeError,
    BackupNotEnabledError,
    ClientClosedError,
    ClusterNotFoundError,
    ClusterNotSupportedError,
    InvalidArgumentError,
    SnapshotFailedError,
    SnapshotInProgressError,
    SnapshotOutcome,
    SnapshotRequest,
    UnauthorizedError,
    WaitTimeoutError,
)
from atlas_backups.emulator import Behaviour, Cluster, Fault, Project, World
from tests.bodies import error, queued
from tests.flavor import BRIEF, CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, READ, Delay, RawServer, Until, always, answer
from tests.tags import tag_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator, ReceivedRequest
    from tests.conftest import MakeClient, Serve, StartEmulator
    from tests.flavor import ClientFlavor
    from tests.raw_server import Script


def request(cluster_name: Any = CLUSTER_NAME, **fields: Any) -> SnapshotRequest:
    fields.setdefault("group_id", GROUP_ID)
    return SnapshotRequest(cluster_name=cluster_name, **fields)


def outcomes(
    flavor: ClientFlavor, client: AtlasBackups, requests: Iterable[Any], **options: Any
) -> Generator[SnapshotOutcome, None, None]:
    return flavor.iterate(client, "take_snapshots", requests, **options)


def clusters(count: int) -> World:
    names = tuple(Cluster(name=f"C{number}") for number in range(count))
    return World(projects=(Project(name="P", id=GROUP_ID, clusters=names),))


def posts(emulator: AtlasEmulator) -> list[ReceivedRequest]:
    return [it for it in emulator.requests if it.method == "POST" and "/backup/" in it.path]


def test_each_request_has_one_outcome(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=clusters(40))
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    requests = [
        request(f"C{n}", description=f"number {n}", retention_in_days=n + 1) for n in range(40)
    ]

    ended = list(outcomes(flavor, client, requests, concurrency=7))

    assert {type(outcome) for outcome in ended} == {SnapshotOutcome}
    assert sorted(requests.index(outcome.request) for outcome in ended) == list(range(40))
    assert [outcome.error for outcome in ended] == [None] * 40
    for outcome in ended:
        assert outcome.snapshot is not None
        assert outcome.snapshot.cluster_name == outcome.request.cluster_name
        assert outcome.snapshot.description == outcome.request.description
    bodies = [it.json() for it in posts(emulator)]
    assert sorted(body["retentionInDays"] for body in bodies) == list(range(1, 41))


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_concurrency_bounds_the_takes_in_flight(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, concurrency: int
) -> None:
    # None is answered before so many have come, and a while in which one too many would come.
    together = threading.Barrier(concurrency, lambda: time.sleep(0.03))
    lock, running = threading.Lock(), [0]
    most = 0

    def log(_: ReceivedRequest) -> None:
        nonlocal most
        with lock:
            running[0] += 1
            most = max(most, running[0])
        together.wait(30)
        with lock:
            running[0] -= 1

    emulator = start_emulator(log=log, behaviour=Behaviour(busy_check_lag_seconds=None))
    atlas = make_client(emulator.access_token, base_url=emulator.base_url)

    ended = list(outcomes(flavor, atlas, [request()] * 4 * concurrency, concurrency=concurrency))

    assert most == concurrency
    assert [outcome.error for outcome in ended] == [None] * 4 * concurrency


def test_outcomes_are_yielded_in_completion_order(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.fault(Fault(method="POST", path="Cluster0", delay=0.4))

    ended = list(outcomes(flavor, atlas, [request(), request("Sharded0"), request("NoBackup0")]))

    assert ended[-1].request == request()


def test_failure_does_not_stop_the_rest(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    expected: dict[SnapshotRequest, type[BaseException] | None] = {
        request(): None,
        request("Nowhere"): ClusterNotFoundError,
        request("NoBackup0"): BackupNotEnabledError,
        request("Flex0"): ClusterNotSupportedError,
        request("Sharded0"): None,
        request("not a name"): InvalidArgumentError,
        request(retention_in_days=0): InvalidArgumentError,
        request(description="a\nb"): InvalidArgumentError,
        request(idempotency_key=""): InvalidArgumentError,
        request(idempotency_key="k" * 10_000): InvalidArgumentError,
        request(7): InvalidArgumentError,
        request(group_id=None): InvalidArgumentError,
        request(description="last"): None,
    }

    ended = list(outcomes(flavor, atlas, expected, concurrency=2))

    assert len(ended) == len(expected)
    for outcome in ended:
        kind = expected[outcome.request]
        assert type(outcome.error) is (type(None) if kind is None else kind)
        assert (outcome.snapshot is None) == (kind is not None)
    assert len(posts(emulator)) == 6


@pytest.mark.parametrize("if_busy", ["raise", "join"])
def test_if_busy_applies_to_each_request(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient, if_busy: str
) -> None:
    emulator = start_emulator()
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    first = flavor.take(client)

    (outcome,) = outcomes(flavor, client, [request()], if_busy=if_busy)

    if if_busy == "join":
        assert (outcome.snapshot, outcome.error) == (first, None)
    else:
        assert isinstance(outcome.error, SnapshotInProgressError)
        assert outcome.error.snapshot == first


def test_wait_yields_an_outcome_when_its_snapshot_is_final(
    flavor: ClientFlavor, start_emulator: StartEmulator, make_client: MakeClient
) -> None:
    emulator = start_emulator(world=clusters(3), snapshot_seconds=0)
    emulator.next_snapshot(seconds=0, fails=True, cluster_name="C1")
    emulator.next_snapshot(never_ends=True, cluster_name="C2")
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    requests = [request(f"C{number}") for number in range(3)]

    ended = {
        outcome.request: outcome
        for outcome in outcomes(flavor, client, requests, wait=True, wait_timeout=1.5)
    }

    good, failed, endless = (ended[it] for it in requests)
    assert (good.error, good.snapshot and good.snapshot.status) == (None, "completed")
    assert isinstance(failed.error, SnapshotFailedError)
    assert failed.snapshot is not None
    assert failed.snapshot.status == "failed"
    assert isinstance(endless.error, WaitTimeoutError)
    assert endless.snapshot is not None


def test_ambiguous_take_is_the_error_of_its_outcome(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.access_token, base_url=emulator.base_url, total_timeout=BRIEF)
    emulator.fault(Fault(method="POST", path="Sharded0", reset="after"))
    requests = [request("Sharded0", idempotency_key="k"), request()]

    ended = {outcome.request: outcome for outcome in outcomes(flavor, client, requests)}

    unknown = ended[requests[0]].error
    assert isinstance(unknown, AmbiguousOutcomeError)
    assert unknown.idempotency_tag == tag_of("k", "Sharded0")
    assert ended[requests[1]].error is None


def test_two_fleets_of_one_client_are_independent(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    emulator.fault(Fault(method="POST", delay=0.01, times=None))
    names = ("one", "two")
    fleets = [
        outcomes(flavor, atlas, [request(description=name)] * 10, concurrency=3) for name in names
    ]

    both = list(zip(*fleets, strict=True))

    assert [tuple(it.request.description for it in pair) for pair in both] == [names] * 10
    assert {outcome.error for pair in both for outcome in pair} == {None}
    assert len(posts(emulator)) == 20


def test_rotated_credentials_are_used_by_later_takes(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    given = [emulator.access_token, emulator.access_token]
    asked: list[int] = []

    def provide() -> AccessToken:
        asked.append(1)
        return AccessToken("an-old-token") if len(asked) == 1 else given[0]

    client = make_client(provide, base_url=emulator.base_url)

    ended = list(outcomes(flavor, client, [request()] * 30, concurrency=8))

    assert [outcome.error for outcome in ended] == [None] * 30
    assert len(asked) == 2
    assert [it.status for it in posts(emulator)].count(200) == 30
    assert 1 <= [it.status for it in posts(emulator)].count(401) <= 8


def test_rejected_credentials_are_the_error_of_each_outcome(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(AccessToken("an-old-token"), base_url=emulator.base_url)

    ended = list(outcomes(flavor, client, [request()] * 5))

    assert [type(outcome.error) for outcome in ended] == [UnauthorizedError] * 5
    assert len(posts(emulator)) == 5


class Vault:
    """Returns or raises the given values in order."""

    def __init__(self, *given: AccessToken | Exception) -> None:
        self._given = iter(given)

    def __call__(self) -> AccessToken:
        given = next(self._given)
        if isinstance(given, Exception):
            raise given
        return given


def test_callable_that_raises_first_raises_from_the_iteration(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    sealed = RuntimeError("the vault is sealed")
    client = make_client(Vault(sealed), base_url=emulator.base_url)

    with pytest.raises(RuntimeError) as caught:
        next(outcomes(flavor, client, [request()] * 3))

    assert caught.value is sealed
    assert emulator.requests == ()


def test_callable_that_raises_later_lets_takes_in_flight_complete(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    sealed = RuntimeError("the vault is sealed")
    client = make_client(Vault(emulator.access_token, sealed), base_url=emulator.base_url)
    emulator.fault(replace(Fault.error(401, "UNEXPECTED_ERROR"), path="/Sharded0/"))
    emulator.fault(Fault(path="/Cluster0/", delay=0.2))
    drawn = iter([request(), request("Sharded0"), *[request()] * 9])
    ended: list[SnapshotOutcome] = []

    with pytest.raises(RuntimeError) as caught:
        ended.extend(outcomes(flavor, client, drawn, concurrency=2))

    assert caught.value is sealed
    assert [(it.request.cluster_name, type(it.error)) for it in ended] == [
        ("Sharded0", UnauthorizedError),
        ("Cluster0", type(None)),
    ]
    assert len(list(drawn)) == 9


def test_client_closed_during_a_fleet_submits_no_more(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(emulator.access_token, base_url=emulator.base_url)
    ended = outcomes(flavor, client, [request()] * 6, concurrency=2)
    first = next(ended)
    client.close()

    rest = list(ended)

    assert first.error is None
    assert len(rest) == 5
    kinds = {type(outcome.error) for outcome in rest}
    assert ClientClosedError in kinds
    assert kinds <= {ClientClosedError, type(None)}
    assert len(posts(emulator)) == 1 + [outcome.error for outcome in rest].count(None)


def test_closed_client_raises_or_yields_client_closed_errors(
    flavor: ClientFlavor, atlas: AtlasBackups
) -> None:
    atlas.close()

    try:
        ended = list(outcomes(flavor, atlas, [request()]))
    except ClientClosedError:
        return
    assert [type(outcome.error) for outcome in ended] == [ClientClosedError]


def test_closed_iteration_closes_its_connections(flavor: ClientFlavor, serve: Serve) -> None:
    # Not so soon that the second request could go on the first connection.
    both = Until(lambda requests: len(requests) == 2)
    taken: Script = [READ, both, answer(200, queued()), READ, NEVER]
    server, client = serve(taken, always(NEVER))
    ended = outcomes(flavor, client, [request()] * 9, concurrency=2)
    next(ended)
    server.wait_for_requests(2)

    ended.close()

    server.wait_for_end_of_connection()
    assert len(server.requests) == 2


def test_client_works_after_a_fleet_was_closed_early(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    ended = outcomes(flavor, atlas, [request()] * 100, concurrency=4)
    next(ended)
    ended.close()

    assert flavor.take(atlas).status == "queued"
    assert len(list(outcomes(flavor, atlas, [request()] * 3))) == 3
    assert len(posts(emulator)) <= 1 + 4 + 4 + 4


def test_second_401_is_final(flavor: ClientFlavor, make_client: MakeClient) -> None:
    numbers = itertools.count()
    with RawServer(always(answer(401, error(401, "UNEXPECTED_ERROR")))) as server:
        client = make_client(
            lambda: AccessToken(f"token-number-{next(numbers)}"), base_url=server.base_url
        )

        ended = list(outcomes(flavor, client, [request()], concurrency=1))

    assert [type(outcome.error) for outcome in ended] == [UnauthorizedError]
    assert len(server.requests) == 2


def test_take_repeated_with_new_credentials_keeps_its_deadline(
    flavor: ClientFlavor, make_client: MakeClient
) -> None:
    numbers = itertools.count()
    rejection = answer(401, error(401, "UNEXPECTED_ERROR"))
    with RawServer([READ, Delay(2), rejection, READ, NEVER]) as server:
        client = make_client(
            lambda: AccessToken(f"token-number-{next(numbers)}"),
            base_url=server.base_url,
            total_timeout=3,
        )

        (ended,) = outcomes(flavor, client, [request()])

    assert isinstance(ended.error, AmbiguousOutcomeError)
    effort = re.search(r"\(2 attempts, (\d\.\d\d) s\)", str(ended.error))
    assert effort is not None
    assert 3 <= float(effort[1]) < 3 + 2
