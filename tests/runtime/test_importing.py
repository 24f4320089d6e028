"""Modules are imported on first use."""

from __future__ import annotations

import os
import pickle
import pydoc
import subprocess
import sys

import pytest

import atlas_backups
from atlas_backups import Cluster, Headers, RateLimitError, RawResponse, Snapshot
from tests.bodies import SNAPSHOT_ID, queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import READ, RawServer, always, answer

LOADED = "\nprint(*sorted(set(sys.modules) - before))"
PACKAGES = {"atlas_backups.cli", "atlas_backups.emulator", "atlas_backups.airflow"}
NEVER = {
    "asyncio",
    "email",
    "http",
    "json",
    "logging",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    *PACKAGES,
}
# The client, and the results and errors that its annotations name.
FOR_THE_CLIENT = {
    f"atlas_backups{name}"
    for name in (
        "",
        "._core",
        "._immutable",
        "._optional",
        "._log_time",
        "._repr",
        "._loop_wakeup",
        ".coverage",
        ".errors",
        ".fleet",
        ".frames",
        ".inventory",
        ".models",
    )
}
TAKE = f"""
from atlas_backups import AccessToken, AtlasBackups
atlas = AtlasBackups(AccessToken("t-0123456"))
assert atlas.take_snapshot("{GROUP_ID}", "{CLUSTER_NAME}").id == "{SNAPSHOT_ID}"
"""
WARNING = {"Sunset": "Thu, 1 Jul 2027 00:00:00 GMT"}


def run(program: str, server: RawServer | None = None) -> str:
    """Run a program in an interpreter of its own that says nothing on standard error."""
    address = {"MONGODB_ATLAS_BASE_URL": server.base_url} if server else {}
    done = subprocess.run(  # our own interpreter  # noqa: S603  # our own interpreter
        [sys.executable, "-s", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **address},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def loaded_by(program: str, server: RawServer | None = None) -> set[str]:
    return set(run(f"import sys; before = set(sys.modules)\n{program}{LOADED}", server).split())


def test_package_import_loads_nothing_else() -> None:
    assert loaded_by("import atlas_backups") == {"atlas_backups"}


def test_client_import_loads_results_and_errors_only() -> None:
    loaded = loaded_by("from atlas_backups import AccessToken, AtlasBackups, ApiError")

    own = {name for name in loaded if name.startswith("atlas_backups")}
    assert {name for name in own if not name.startswith("atlas_backups.client")} == FOR_THE_CLIENT
    assert not loaded & NEVER


def test_take_loads_only_needed_modules() -> None:
    with RawServer([READ, answer(200, queued())]) as server:
        loaded = loaded_by(TAKE, server)

    assert "atlas_backups.models" in loaded
    assert not loaded & NEVER


def test_constructor_loads_all_result_classes() -> None:
    """A signal that arrives in the middle of an import would break it off."""
    run("""
import sys
from atlas_backups import AccessToken, AtlasBackups
client = AtlasBackups(AccessToken("t-0123456"))
results = {"atlas_backups.models", "atlas_backups.inventory", "atlas_backups.coverage"}
assert {*results, "atlas_backups.errors", "datetime"} <= set(sys.modules)
""")


@pytest.mark.parametrize(
    "place", ["first", "before the client", "after the client", "after a call"]
)
def test_unconfigured_logging_prints_nothing(place: str) -> None:
    lines = TAKE.strip().splitlines()
    at = {"first": 0, "before the client": 1, "after the client": 2, "after a call": 3}[place]
    again = lines[-1]
    lines.insert(at, "import logging")

    with RawServer(always(answer(200, queued(), WARNING))) as server:
        run("\n".join([*lines, again]), server)


def test_logging_configured_after_a_call_applies_to_later_calls() -> None:
    program = f"""{TAKE}
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
{TAKE}"""

    with RawServer([READ, answer(200, queued())]) as server:
        said = run(program, server)

    assert said.count("DEBUG:atlas_backups.http:POST ") == 1


@pytest.mark.parametrize(
    "value",
    [
        Snapshot(id=SNAPSHOT_ID, group_id=GROUP_ID, cluster_name=CLUSTER_NAME),
        Cluster(name=CLUSTER_NAME, group_id=GROUP_ID),
        RawResponse(status=200, headers=Headers(), text="{}"),
    ],
)
def test_unpickling_a_result_imports_its_module(value: object) -> None:
    program = f"import pickle; print(pickle.loads({pickle.dumps(value)!r}))"

    assert run(program).strip() == str(value)


def test_unpickling_an_error_imports_its_module() -> None:
    pickled = pickle.dumps(RateLimitError("slow down", retry_after=3.0))

    said = run(f"import pickle; error = pickle.loads({pickled!r}); print(type(error), error)")

    assert said == "<class 'atlas_backups.errors.RateLimitError'> slow down\n"


def test_dir_and_star_import_have_every_public_name() -> None:
    every = set(atlas_backups.__all__)

    run(
        f"import atlas_backups; assert {every} <= set(dir(atlas_backups))\n"
        f"from atlas_backups import *\n"
        f"assert {every} <= set(globals())"
    )


def test_submodule_is_an_attribute_without_import() -> None:
    run("import atlas_backups; atlas_backups.errors.ApiError, atlas_backups.models.Snapshot")


def test_help_shows_the_classes() -> None:
    text = pydoc.plain(pydoc.render_doc(atlas_backups))

    for name in ("class AtlasBackups(", "class ReplicaSetSnapshot(", "class RateLimitError("):
        assert name in text


def test_unknown_name_raises_attribute_and_import_error() -> None:
    with pytest.raises(AttributeError, match="'atlas_backups' has no attribute 'Snapshots'"):
        _ = atlas_backups.Snapshots  # type: ignore[attr-defined]  # pyright: ignore  # noqa: PGH003  # the point
    with pytest.raises(ImportError, match="Snapshots"):
        from atlas_backups import Snapshots  # type: ignore[attr-defined]  # pyright: ignore  # noqa: F401, PGH003, PLC0415  # the point
