"""One interpreter of a process can use the package; a second import in it works."""

from __future__ import annotations

from atlas_backups.emulator import AtlasEmulator
from tests.process.programs import run

# As mod_wsgi makes one for each application: CPython lets these load any module.
OTHER_INTERPRETER = """
try: import _interpreters as interpreters
except ImportError: import _xxsubinterpreters as interpreters
if sys.version_info >= (3, 13): other = interpreters.create("legacy")
elif sys.version_info >= (3, 12): other = interpreters.create(isolated=False)
else: other = interpreters.create()
interpreters.run_string(other, '''
import sys
for _ in range(2):
    try: from atlas_backups import AtlasBackups
    except ImportError as error: print(error)
    else: print("imported")
sys.stdout.flush()
''')
"""
PURGE = """
def purge():
    names = [name for name in sys.modules if name.partition(".")[0] == "atlas_backups"]
    return {name: sys.modules.pop(name) for name in names}
def check(package):
    atlas = package.AtlasBackups()
    assert isinstance(atlas.list_snapshots(*PLACE), package.SnapshotList)
    assert isinstance(atlas.take_snapshot(*PLACE, idempotency_key="one"), package.Snapshot)
    try: atlas.take_snapshot(PLACE[0], "Missing")
    except package.ClusterNotFoundError: print("caught")
    try: atlas.take_snapshot(PLACE[0], "")
    except package.InvalidArgumentError: print("caught")
first = sys.modules["atlas_backups"]
check(first)
"""


def program(script: str) -> str:
    with AtlasEmulator() as emulator:
        place = f"PLACE = {emulator.group_id!r}, {emulator.cluster_name!r}\n"
        return run(place + script, emulator.env, flags=["-X", "dev"])


def test_second_interpreter_gets_an_import_error_with_advice() -> None:
    out = program(f"take()\n{OTHER_INTERPRETER}\nassert atlas.list_snapshots(*PLACE)")

    assert out.count("another interpreter of this process") == 2
    assert "WSGIApplicationGroup %{GLOBAL}" in out


def test_second_import_after_a_purge_of_sys_modules_gives_working_classes() -> None:
    script = """
purge()
import atlas_backups
assert atlas_backups is not first
check(atlas_backups)
"""

    assert program(PURGE + script) == "caught\n" * 4


def test_restored_modules_work_after_a_second_import() -> None:
    # As `mock.patch.dict(sys.modules)` does around a test.
    script = """
saved = purge()
import atlas_backups
check(atlas_backups)
purge(); sys.modules.update(saved)
check(first)
"""

    assert program(PURGE + script) == "caught\n" * 6
