"""Log records of attempts, backoff and deprecation; without secrets or warnings."""

from __future__ import annotations

import logging
import warnings
from threading import get_ident
from typing import TYPE_CHECKING

import pytest

from tests.bodies import error, queued
from tests.flavor import PATH
from tests.raw_server import READ, always, answer

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor

DEPRECATED = {
    "Deprecation": "Mon, 5 Aug 2024 00:00:00 GMT",
    "Sunset": "Thu, 1 Jul 2027 00:00:00 GMT",
}


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_each_attempt_is_one_debug_line(
    flavor: ClientFlavor, atlas: AtlasBackups, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "atlas_backups"):
        flavor.take(atlas)

    (line,) = lines(caplog, logging.DEBUG)
    assert line.startswith(f"POST {PATH}: 200 (attempt 1, ")
    assert {record.name for record in caplog.records} == {"atlas_backups.http"}


def test_backoff_is_logged_between_attempts(
    flavor: ClientFlavor, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    busy = answer(429, error(429, "RATE_LIMITED"))
    _, client = serve([READ, busy, READ, answer(200, queued())])

    with caplog.at_level(logging.DEBUG, "atlas_backups"):
        flavor.take(client)

    # A call of an earlier test may still log in a thread of its own.
    own = [record for record in caplog.records if record.thread == get_ident()]
    assert [record.levelname for record in own] == ["DEBUG", "INFO", "DEBUG"]
    assert "; retrying in " in own[1].getMessage()
    assert "attempt 2" in own[2].getMessage()


def test_token_request_is_logged_without_the_token(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = make_client(emulator.credentials, base_url=emulator.base_url)

    with caplog.at_level(logging.DEBUG):
        flavor.take(client)

    token = (emulator.requests[1].header("Authorization") or "").removeprefix("Bearer ")
    assert len(token) > 5
    assert token not in caplog.text
    assert emulator.credential("service_account").secret not in caplog.text


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING, logging.ERROR])
def test_successful_call_logs_debug_only(
    flavor: ClientFlavor, atlas: AtlasBackups, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    with caplog.at_level(level, "atlas_backups"):
        flavor.take(atlas)

    assert caplog.records == []


@pytest.mark.parametrize("method", ["take_snapshot", "take_snapshot_raw"])
@pytest.mark.parametrize("header", ["Deprecation", "Sunset"])
def test_deprecation_of_a_take_is_logged_without_warning(
    flavor: ClientFlavor, serve: Serve, caplog: pytest.LogCaptureFixture, method: str, header: str
) -> None:
    _, client = serve(always(answer(200, queued(), {header: DEPRECATED[header]})))

    with caplog.at_level(logging.WARNING, "atlas_backups"), warnings.catch_warnings():
        warnings.simplefilter("error")
        flavor.call(client, method, "6" * 24, "Cluster0")

    (line,) = lines(caplog, logging.WARNING)
    assert ("2024-08-05" if header == "Deprecation" else "2027-07-01") in line


def test_invalid_date_is_quoted(
    flavor: ClientFlavor, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    _, client = serve(always(answer(200, queued(), {"Sunset": "after the summer"})))

    with caplog.at_level(logging.WARNING, "atlas_backups"):
        flavor.take(client)

    assert "after the summer" in caplog.text


def test_failing_log_handler_does_not_fail_the_call(
    flavor: ClientFlavor, atlas: AtlasBackups, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError(record.getMessage())

    seen: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", seen.append)
    logger, broken = logging.getLogger("atlas_backups"), Broken()
    logger.addHandler(broken)
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    logger.manager._clear_cache()  # type: ignore[attr-defined]  # pyright: ignore  # noqa: PGH003  # looked at below
    try:
        snapshot = flavor.take(atlas)
    finally:
        logger.removeHandler(broken)

    assert snapshot.status == "queued"
    assert len(seen) == 1


def test_records_have_a_template_with_arguments(
    flavor: ClientFlavor, atlas: AtlasBackups, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "atlas_backups"):
        flavor.take(atlas, idempotency_key="release-42")

    templates = {(record.name, record.msg) for record in caplog.records}
    assert templates == {
        ("atlas_backups.http", "%s: %s (attempt %s, %s s)"),
        ("atlas_backups.take", "snapshot %s of cluster %s was taken by this call"),
    }


@pytest.mark.parametrize("name", ["atlas_backups.http", "atlas_backups.take"])
def test_child_logger_has_a_level_of_its_own(
    flavor: ClientFlavor, atlas: AtlasBackups, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with caplog.at_level(logging.WARNING, "atlas_backups"), caplog.at_level(logging.DEBUG, name):
        flavor.take(atlas, idempotency_key="release-42")

    assert {record.name for record in caplog.records} == {name}
