"""The lock files match the groups and extras in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

tomllib = pytest.importorskip("tomllib")  # not in 3.10

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("lock", "groups", "extra"),
    [
        ("airflow.txt", ("airflow", "screenshots"), "airflow"),
        ("airflow2.txt", ("airflow",), "airflow"),
        ("notebook.txt", ("notebook",), "notebook"),
    ],
)
def test_lock_files_match_the_groups(lock: str, groups: tuple[str, ...], extra: str) -> None:
    lines = (ROOT / "requirements" / lock).read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    texts = list(PROJECT["project"]["optional-dependencies"][extra])
    for group in groups:
        texts += PROJECT["dependency-groups"][group]

    for wanted in map(Requirement, texts):
        name = canonicalize_name(wanted.name)
        versions = [
            specifier.version
            for pin in pins
            if canonicalize_name(pin.name) == name
            for specifier in pin.specifier
        ]
        assert versions, f"{lock} lacks {wanted}"
        assert all(map(wanted.specifier.contains, versions)), f"{lock}: {wanted}, not {versions}"
