"""Files of certificates that are none, and would be read, or waited for, for ever."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AtlasBackups, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.network.conftest import Network, Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and devices have no paths there")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate((1 << 24) + 1)  # of which nothing is stored


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "is no regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is no regular file"),
    "huge": (huge, "holds more than 16 MiB"),
}
odd = pytest.mark.parametrize(("make", "why"), ODD.values(), ids=ODD.keys())


@odd
def test_a_given_file_is_named(
    emulator: AtlasEmulator, tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "odd.pem"
    make(path)

    with pytest.raises(ConfigurationError) as caught:
        AtlasBackups(emulator.access_token, ca_file=path)

    assert str(caught.value) == f"ca_file {path}: {why}"


@odd
def test_the_file_of_the_environment_is_named(
    network: Network, run: Run, tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "odd.pem"
    make(path)
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url, "SSL_CERT_FILE": str(path)}

    ending = run(environment)

    assert ending.error == "ConfigurationError"
    assert ending.text == f"SSL_CERT_FILE is set, but {path}: {why}"
    assert network.front.accepted == 0


def test_a_huge_file_in_a_folder_of_the_environment_is_named(
    network: Network, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "0a1b2c3d.0").write_bytes(network.authority.file.read_bytes())
    huge(tmp_path / "huge")
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url, "SSL_CERT_DIR": str(tmp_path)}

    ending = run(environment)

    assert ending.error == "ConfigurationError"
    assert ending.text == f"SSL_CERT_DIR is set, but {tmp_path / 'huge'}: holds more than 16 MiB"


def test_what_is_no_file_in_such_a_folder_is_left_out(
    network: Network, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "0a1b2c3d.0").write_bytes(network.authority.file.read_bytes())
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    environment = {"MONGODB_ATLAS_BASE_URL": network.front.base_url, "SSL_CERT_DIR": str(tmp_path)}

    ending = run(environment)

    assert ending.snapshot_id == network.emulator.snapshots[-1].id
