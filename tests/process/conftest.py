from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.bodies import queued
from tests.raw_server import NEVER, RawServer, always, answer

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if hasattr(os, "fork"):
        return
    skip = pytest.mark.skip(reason="needs fork and POSIX signals")
    for item in items:
        if __file__.rpartition(os.sep)[0] in str(item.path):
            item.add_marker(skip)


@pytest.fixture
def silent() -> Iterator[RawServer]:
    """Reads all requests and never responds."""
    with RawServer(always(NEVER)) as server:
        yield server


@pytest.fixture
def ready() -> Iterator[RawServer]:
    """Responds to each take at once."""
    with RawServer(always(answer(200, queued()))) as server:
        yield server
