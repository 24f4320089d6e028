from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.secrets.canaries import assert_clean

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_secret_in_any_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(1)
    logging.getLogger("atlas_backups").setLevel(1)
    yield
    logging.getLogger("atlas_backups").setLevel(logging.NOTSET)
    assert_clean(caplog.text, *[vars(record) for record in caplog.records])
