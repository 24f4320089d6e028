from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.network.fronts import Proxy, TlsFront, address_of
from tests.tls_ca import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

PROGRAM = Path(__file__).parent / "program.py"

CLOUD = "cloud.mongodb.com"
GOVERNMENT = "cloud.mongodbgov.com"
# A host that never resolves (RFC 6761), so that a mistake sends nothing to the network.
NOWHERE = "atlas.test"
NAMES = (CLOUD, GOVERNMENT, NOWHERE, "localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - as a name


@dataclass(frozen=True)
class Network:
    """A proxy in front of a TLS front in front of an emulator, and the CA of its certificate."""

    emulator: AtlasEmulator
    front: TlsFront
    proxy: Proxy
    ca: CertificateAuthority

    @property
    def through_proxy(self) -> dict[str, Any]:
        return {"proxy": self.proxy.url, "ca_file": self.ca.file}

    @property
    def direct(self) -> dict[str, Any]:
        return {"base_url": self.front.base_url, "ca_file": self.ca.file}


class Run(Protocol):
    """Takes a snapshot in a process with these environment variables; returns the result."""

    def __call__(self, environment: Mapping[str, str], /, **options: object) -> Ending: ...


@dataclass(frozen=True)
class Ending:
    """The id of a snapshot, or the class and the text of an exception."""

    snapshot_id: str | None = None
    error: str | None = None
    text: str = ""
    seconds: float = 0


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"), "trusted", NAMES)


@pytest.fixture(scope="session")
def untrusted_ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """A CA that no client trusts."""
    return CertificateAuthority(tmp_path_factory.mktemp("untrusted"), "untrusted", NAMES)


@pytest.fixture
def network(stack: ExitStack, ca: CertificateAuthority, emulator: AtlasEmulator) -> Network:
    front = stack.enter_context(TlsFront(ca.context(), address_of(emulator.base_url)))
    proxy = stack.enter_context(Proxy(front.address))
    return Network(emulator, front, proxy, ca)


@pytest.fixture
def run(flavor: ClientFlavor, emulator: AtlasEmulator) -> Run:
    def run(environment: Mapping[str, str], /, **options: object) -> Ending:
        place = (emulator.group_id, emulator.cluster_name)
        arguments = json.dumps([flavor.name, place, {"total_timeout": 10, **options}])
        if "MONGODB_ATLAS_BASE_URL" in environment:  # both variables must agree
            environment = {"MONGODB_ATLAS_OPS_MANAGER_URL": "", **environment}
        done = subprocess.run(  # noqa: S603  # a program of ours
            [sys.executable, "-W", "error", str(PROGRAM), arguments],
            env={**os.environ, **emulator.env, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return Ending(**json.loads(done.stdout))

    return run
