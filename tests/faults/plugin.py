"""The `matrix` fixture, with which any test records cells of the fault matrix.

Each recorded cell is compared with the published page. A test at the end of the run reports
published cells that no test recorded. With `--write-fault-matrix` the page is written instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.matrix import Entry, count, outcome_of, parse, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.faults.matrix_rows import Row
    from tests.raw_server import Received

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "fault-matrix.md"
OPTION = "--write-fault-matrix"
LAST = "test_published.py"
ADVICE = "if this is intended, run `make fault-matrix`"


class Matrix:
    """Records the cells of one test module."""

    def __init__(self, publication: Publication, module: str) -> None:
        self._publication = publication
        self._module = module

    def record(  # noqa: PLR0913  # the fields of a cell
        self,
        row: Row,
        fault: str,
        *,
        call: str,
        flavor: str,
        result: object,
        received: Iterable[Received],
    ) -> None:
        """Record the result of a call, and the requests that the server received."""
        outcome = outcome_of(result)
        self.note(row, fault, call=call, flavor=flavor, outcome=outcome, received=count(received))

    def note(  # noqa: PLR0913  # the fields of a cell
        self, row: Row, fault: str, *, call: str, flavor: str, outcome: str, received: str
    ) -> None:
        """Record an outcome in words, the same in every run."""
        expected = row.expected_of(call)
        self._publication.add(
            Entry(row.title, fault, call, flavor, outcome, received, expected, self._module)
        )


class Publication:
    """The published page, and the cells of this run."""

    def __init__(self, *, is_written: bool, selects_tests: bool) -> None:
        self.is_written = is_written
        self.published = parse(PAGE.read_text()) if PAGE.exists() else frozenset[Entry]()
        self._selects_tests = selects_tests
        self._recorded: set[Entry] = set()
        self._incomplete: set[str] = set()

    def add(self, entry: Entry) -> None:
        # No assertions: pytest would print the whole set.
        if entry in self._recorded:
            pytest.fail(f"recorded twice: {entry}")
        self._recorded.add(entry)
        if not self.is_written and entry not in self.published:
            pytest.fail(f"not as published; {ADVICE}: {entry}")

    def stale(self) -> list[Entry]:
        """Return published cells that no test records any more, as far as this run shows."""
        recorded = {entry.tested_by for entry in self._recorded}
        complete = set[str]() if self._selects_tests else recorded - self._incomplete
        return [
            entry
            for entry in self.published - self._recorded
            if entry.tested_by in complete or not (TESTS / entry.tested_by).exists()
        ]

    def write(self) -> None:
        rewritten = {entry.tested_by for entry in self._recorded}
        kept = {
            entry
            for entry in self.published
            if entry.tested_by not in rewritten and (TESTS / entry.tested_by).exists()
        }
        PAGE.write_text(render(self._recorded | kept))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: item.path.name == LAST)
        if self.is_written:
            items[:] = [item for item in items if item.path.name != LAST]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._incomplete.update(module_of(item.path) for item in items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self._incomplete.add(module_of(TESTS.parent / report.location[0]))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if self.is_written and exitstatus == pytest.ExitCode.OK:
            self.write()


def module_of(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else str(path)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="regenerate docs/fault-matrix.md")


def pytest_configure(config: pytest.Config) -> None:
    selects_tests = any("::" in argument for argument in config.args)
    publication = Publication(
        is_written=bool(config.getoption(OPTION)), selects_tests=selects_tests
    )
    config.pluginmanager.register(publication, "fault-matrix")


@pytest.fixture(scope="session")
def publication(pytestconfig: pytest.Config) -> Publication:
    plugin = pytestconfig.pluginmanager.get_plugin("fault-matrix")
    assert isinstance(plugin, Publication)
    return plugin


@pytest.fixture
def matrix(publication: Publication, request: pytest.FixtureRequest) -> Matrix:
    return Matrix(publication, module_of(request.path))
