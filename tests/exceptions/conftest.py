from __future__ import annotations

import pytest

from tests.flavor import ClientFlavor


@pytest.fixture
def flavor() -> ClientFlavor:
    """Sync only: both flavors share the core, and the other tests run both."""
    return ClientFlavor("sync")
