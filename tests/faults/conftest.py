from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.lab import Lab
from tests.tls_ca import CertificateAuthority

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.faults.plugin import Matrix
    from tests.flavor import ClientFlavor


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"), "trusted", ["127.0.0.1"])


@pytest.fixture(scope="session")
def untrusted_ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """A CA that no client trusts."""
    return CertificateAuthority(tmp_path_factory.mktemp("untrusted"), "untrusted", ["127.0.0.1"])


@pytest.fixture
def lab(flavor: ClientFlavor, stack: ExitStack, matrix: Matrix, ca: CertificateAuthority) -> Lab:
    return Lab(flavor, stack, matrix, ca)
