from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.authority import Authority
from tests.faults.lab import Lab

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.faults.plugin import Matrix
    from tests.flavor import ClientFlavor


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "trusted", ["127.0.0.1"])


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody was told to trust."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger", ["127.0.0.1"])


@pytest.fixture
def lab(flavor: ClientFlavor, stack: ExitStack, matrix: Matrix, authority: Authority) -> Lab:
    return Lab(flavor, stack, matrix, authority)
