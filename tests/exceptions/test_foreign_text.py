"""Text of the service is escaped to one line in messages and logs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AtlasError, TransportError, WaitTimeoutError
from tests.bodies import SNAPSHOT_ID, error, queued
from tests.raw_server import always, answer

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.flavor import ClientFlavor

FORGED = "a\u202eb\u2066c\ufeffd\u200be\nINFO forged\x1b[31m"
ESCAPES = ("\\u{202e}", "\\u{2066}", "\\u{feff}", "\\u{200b}")


def is_clean(text: str) -> bool:
    """Return whether each line but for line breaks of the program is printable."""
    return all(c.isprintable() for c in text) and all(escape in text for escape in ESCAPES)


def test_messages_and_log_records_escape_foreign_text(
    flavor: ClientFlavor, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    _, client = serve(always(answer(503, error(503, "UNAVAILABLE") | {"detail": FORGED})))

    with caplog.at_level(logging.DEBUG, "atlas_backups"), pytest.raises(AtlasError) as caught:
        flavor.call(client, "get_snapshot", "6" * 24, "Cluster0", SNAPSHOT_ID)

    assert is_clean(str(caught.value))
    lines = [record.getMessage() for record in caplog.records]
    assert any(is_clean(line) for line in lines)
    assert all(c.isprintable() for line in lines for c in line)


def test_wait_timeout_escapes_the_last_status(
    flavor: ClientFlavor, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    _, client = serve(always(answer(200, queued() | {"status": FORGED})))

    with pytest.raises(WaitTimeoutError) as caught:
        flavor.call(
            client,
            "wait_for_snapshot",
            "6" * 24,
            "Cluster0",
            SNAPSHOT_ID,
            timeout=0.05,
            progress=True,
        )

    assert is_clean(str(caught.value))
    assert caught.value.snapshot is not None
    assert caught.value.snapshot.status == FORGED  # the raw text stays in attributes
    shown = capsys.readouterr().err
    assert "INFO forged" in shown
    assert not any(line.startswith("INFO") for line in shown.splitlines())
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_dir_lists_only_existing_attributes() -> None:
    """As `cgitb` and debuggers expect."""
    failure = TransportError("x")

    assert [name for name in dir(failure) if not hasattr(failure, name)] == []
