"""Secrets echoed by a server or a proxy are redacted."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AtlasError, ServiceAccount
from tests.bodies import error
from tests.flavor import BRIEF
from tests.raw_server import READ, RESET, answer
from tests.secrets.canaries import (
    BASIC,
    CANARY,
    CHALLENGE,
    CREDENTIALS,
    ECHO,
    GRANTED,
    TOKEN,
    assert_clean_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Script


def echoes(status: int) -> dict[str, str | Mapping[str, Any]]:
    return {
        "text": ECHO,
        "detail": error(status, "X", ECHO),
        "everywhere": error(
            status,
            ECHO,
            ECHO,
            reason=ECHO,
            parameters=[ECHO, {ECHO: [ECHO]}],
            badRequestDetail={"fields": [{"field": ECHO, "description": ECHO}]},
        ),
        "oauth": {"error": "invalid_client", "error_description": ECHO},
        "no id": {"id": CANARY, TOKEN: BASIC},
    }


ANSWERS = [
    pytest.param(answer(status, body, CHALLENGE if status == 401 else {}), id=f"{status}-{kind}")
    for status in (200, 302, 400, 401, 403, 404, 407, 408, 418, 429, 500, 503)
    for kind, body in echoes(status).items()
]


@pytest.mark.parametrize("sent", ANSWERS)
@pytest.mark.parametrize("credentials", CREDENTIALS, ids=lambda it: type(it).__name__)
def test_echoed_secret_is_redacted(
    flavor: ClientFlavor, serve: Serve, sent: bytes, credentials: Any
) -> None:
    first = GRANTED if isinstance(credentials, ServiceAccount) else sent
    script: Script = [READ, first, READ, sent, READ, first, READ, sent]
    _, client = serve(script, credentials=credentials, max_retries=0, total_timeout=BRIEF)

    with pytest.raises(AtlasError) as caught:
        flavor.take(client)

    if isinstance(credentials, ServiceAccount):
        assert_clean_error(caught.value)
    else:  # the others were never this client's secrets
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        assert CANARY.encode() not in pickle.dumps(caught.value)


def test_connection_error_contains_no_secret(flavor: ClientFlavor, serve: Serve) -> None:
    script: Script = [READ, GRANTED, READ, RESET]
    credentials = ServiceAccount("mdb_sa_id_1", CANARY)
    _, client = serve(script, credentials=credentials, max_retries=0, total_timeout=BRIEF)

    with pytest.raises(AtlasError) as caught:
        flavor.take(client)

    assert_clean_error(caught.value)
