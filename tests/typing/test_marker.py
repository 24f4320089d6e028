"""The installed package has a `py.typed` marker; `make test-wheel` tests the wheel."""

from __future__ import annotations

from importlib.resources import files

import pytest


@pytest.mark.parametrize("name", ["py.typed", "_core.pyi"])
def test_the_package_carries_its_types(name: str) -> None:
    assert files("atlas_backups").joinpath(name).is_file()
