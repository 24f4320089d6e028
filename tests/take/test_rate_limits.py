"""A client holds back what Atlas would refuse, once an answer has told it of the bucket."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from atlas_backups import RateLimitError, RequestTimeoutError, Snapshot
from atlas_backups.emulator import AtlasEmulator, Behaviour, Limits, RateLimit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor

# It refills faster than the 500 a minute that a client assumes, so that the test is short.
SMALL = RateLimit(capacity=20, refill=20, period_seconds=1.0)
SLOW = RateLimit(capacity=3, refill=1, period_seconds=60.0)


@pytest.fixture
def limited() -> Iterator[AtlasEmulator]:
    """On the real clock; any number of snapshots may run at once."""
    behaviour = Behaviour(busy_check_lag_seconds=None)
    with AtlasEmulator(limits=Limits(snapshots=SMALL), behaviour=behaviour) as emulator:
        yield emulator
    assert emulator.failures == ()


def refused(emulator: AtlasEmulator) -> int:
    return [request.status for request in emulator.requests].count(429)


def test_a_client_that_knows_the_bucket_is_never_refused(
    flavor: ClientFlavor, limited: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(limited.access_token, base_url=limited.base_url)
    flavor.take(client)

    ends = flavor.take_at_once(client, 60)

    # Alone with a server that refills no slower than assumed: not one refusal, by arithmetic.
    assert [end for end in ends if not isinstance(end, Snapshot)] == []
    assert refused(limited) == 0
    assert len(limited.requests) == 61


def test_clients_that_know_nothing_of_it_are_refused(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    # What the test above would see without learning; here time stands still.
    emulator.limits = Limits(snapshots=SMALL)
    refusals = 0

    for _ in range(61):
        client = make_client(emulator.access_token, base_url=emulator.base_url, max_retries=0)
        try:
            flavor.take(client)
        except RateLimitError:
            refusals += 1

    assert refusals == refused(emulator) == 61 - SMALL.capacity


def test_a_wait_is_logged_once_a_call(
    flavor: ClientFlavor,
    limited: AtlasEmulator,
    make_client: MakeClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = make_client(limited.access_token, base_url=limited.base_url)
    flavor.take(client)

    with caplog.at_level(logging.INFO, "atlas_backups"):
        flavor.take_at_once(client, 60)

    lines = [record.getMessage() for record in caplog.records]
    assert 0 < len(lines) < 60
    assert all("waiting for the project's rate limit, about" in line for line in lines)


def test_a_wait_beyond_total_timeout_is_no_wait(
    flavor: ClientFlavor, limited: AtlasEmulator, make_client: MakeClient
) -> None:
    limited.limits = Limits(snapshots=SLOW)
    client = make_client(limited.access_token, base_url=limited.base_url, total_timeout=2.0)
    for _ in range(SLOW.capacity):
        flavor.take(client)
    # The estimate is too good here: one call is refused, and tells.
    with pytest.raises(RateLimitError):
        flavor.take(client)

    with pytest.raises(RequestTimeoutError, match="not sent, because the project's rate limit"):
        flavor.take(client)

    assert len(limited.requests) == SLOW.capacity + 1
