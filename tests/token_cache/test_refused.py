"""An insecure token file is rejected, and nothing is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from atlas_backups import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor
    from tests.token_cache.conftest import Sharing

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and modes are Unix's")


def link(path: Path) -> None:
    target = path.parent / "target"
    target.touch(0o600)
    path.symlink_to(target)


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def for_the_group(path: Path) -> None:
    path.touch()
    path.chmod(0o640)


def for_everybody(path: Path) -> None:
    path.touch()
    path.chmod(0o606)


def directory(path: Path) -> None:
    path.mkdir(0o700)


def pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def somebody_elses(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path.touch(0o600)
    os.chown(path, 12345, -1)


PROBLEMS: list[tuple[Callable[[Path], None], str]] = [
    (link, "is a symbolic link"),
    (dangling_link, "is a symbolic link"),
    (for_the_group, "mode 0640"),
    (for_everybody, "mode 0606"),
    (directory, "is a directory"),
    (pipe, "is no regular file"),
    (somebody_elses, "belongs to another user"),
]
EACH = pytest.mark.parametrize(
    ("spoil", "why"), PROBLEMS, ids=lambda it: getattr(it, "__name__", "")
)
FILES = pytest.mark.parametrize("ending", ["", ".lock"])


@EACH
@FILES
def test_constructor_rejects_an_insecure_file(  # noqa: PLR0913, PLR0917  # fixtures
    emulator: AtlasEmulator,
    sharing: Sharing,
    cache: Path,
    spoil: Callable[[Path], None],
    why: str,
    ending: str,
) -> None:
    path = cache.with_name(cache.name + ending)
    spoil(path)

    with pytest.raises(ConfigurationError) as caught:
        sharing()

    assert str(caught.value).startswith(f'token_cache "{path}": ')
    assert why in str(caught.value)
    assert emulator.requests == ()


@EACH
@FILES
def test_call_rejects_a_file_that_became_insecure(  # noqa: PLR0913, PLR0917  # fixtures
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    sharing: Sharing,
    cache: Path,
    spoil: Callable[[Path], None],
    why: str,
    ending: str,
) -> None:
    client = sharing()
    path = cache.with_name(cache.name + ending)
    spoil(path)

    with pytest.raises(ConfigurationError) as caught:
        flavor.take(client)

    assert str(path) in str(caught.value)
    assert why in str(caught.value)
    assert emulator.requests == ()


@pytest.mark.parametrize(
    "path", ["", "/", "missing/tokens", "a\x00b", 7, b"tokens", True, "\ud800"]
)
def test_invalid_path_is_rejected(sharing: Sharing, path: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        sharing(token_cache=path)

    assert str(caught.value).startswith("token_cache ")
    assert str(caught.value).isprintable()
