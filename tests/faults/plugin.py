"""The `matrix` fixture, with which any test records cells of the fault matrix.

Each recorded cell is compared with the published page. A run fails at its end if no test recorded a
published cell. With `--write-fault-matrix` the page is written instead.
"""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.matrix import Entry, count, outcome_of, parse, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.faults.matrix_rows import Row
    from tests.raw_server import Received

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "fault-matrix.md"
OPTION = "--write-fault-matrix"
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

    def __init__(self, config: pytest.Config) -> None:
        self.is_written = bool(config.getoption(OPTION))
        # The dictionary that a worker of pytest-xdist sends to the main process at its end.
        self._output: dict[str, Any] | None = getattr(config, "workeroutput", None)
        self.published = parse(PAGE.read_text()) if PAGE.exists() else frozenset[Entry]()
        self._selects_tests = any("::" in argument for argument in config.args)
        self._recorded: set[Entry] = set()
        self._incomplete: set[str] = set()

    def add(self, entry: Entry) -> None:
        # No assertions: pytest would print the whole set.
        if entry in self._recorded:
            pytest.fail(f"recorded twice: {entry}")
        self._recorded.add(entry)
        if not self.is_written and entry not in self.published:
            pytest.fail(f"not as published; {ADVICE}: {entry}")

    def _stale(self) -> list[Entry]:
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

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._incomplete.update(module_of(item.path) for item in items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self._incomplete.add(module_of(TESTS.parent / report.location[0]))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401  # pytest-xdist has no types
        output: dict[str, list[Any]] = getattr(node, "workeroutput", {})
        self._recorded |= {Entry(*cell) for cell in output.get("recorded", [])}
        self._incomplete.update(output.get("incomplete", []))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._output is not None:
            self._output["recorded"] = [astuple(entry) for entry in self._recorded]
            self._output["incomplete"] = list(self._incomplete)
        elif session.exitstatus == pytest.ExitCode.OK and self.is_written:
            self.write()
        elif session.exitstatus == pytest.ExitCode.OK and self._stale():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        stale = [] if self.is_written else self._stale()
        for entry in stale:
            terminalreporter.write_line(f"published, but not tested; {ADVICE}: {entry}", red=True)


def module_of(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else str(path)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="regenerate docs/fault-matrix.md")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Publication(config), "fault-matrix")


@pytest.fixture(scope="session")
def publication(pytestconfig: pytest.Config) -> Publication:
    plugin = pytestconfig.pluginmanager.get_plugin("fault-matrix")
    assert isinstance(plugin, Publication)
    return plugin


@pytest.fixture
def matrix(publication: Publication, request: pytest.FixtureRequest) -> Matrix:
    return Matrix(publication, module_of(request.path))
