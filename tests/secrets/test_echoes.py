"""A server, or a proxy, that says back what it was sent."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import html
import json
import pickle
import traceback
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest

from atlas_backups import AccessToken, AtlasError, ServiceAccount
from tests.bodies import error
from tests.flavor import BRIEF
from tests.raw_server import READ, RESET, always, answer
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
def test_an_echoed_secret_is_in_no_error(
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


@pytest.mark.parametrize("sent", ANSWERS)
def test_the_token_endpoint_may_echo_too(flavor: ClientFlavor, serve: Serve, sent: bytes) -> None:
    credentials = ServiceAccount("mdb_sa_id_1", CANARY)
    _, client = serve(always(sent), credentials=credentials, max_retries=0)

    with pytest.raises(AtlasError) as caught:
        flavor.take(client)

    shown = "".join(traceback.format_exception(caught.value))
    assert (CANARY in shown, BASIC in shown) == (False, False)
    pickled = pickle.dumps(caught.value)
    assert (CANARY.encode() in pickled, BASIC.encode() in pickled) == (False, False)


# Of characters that each encoding writes in another way.
SPECIAL = 'canary/5f&0c<0d>"e0'
ENCODED = {
    "URL": quote(SPECIAL, safe=""),
    "form": quote_plus(SPECIAL),
    "every byte of a URL": "".join(f"%{byte:02x}" for byte in SPECIAL.encode()),
    "HTML": html.escape(SPECIAL),
    "numbers in HTML": "".join(f"&#{ord(character)};" for character in SPECIAL),
    "JSON in JSON": json.dumps(SPECIAL)[1:-1],
    "every character of JSON": "".join(f"\\u{ord(character):04x}" for character in SPECIAL),
    "base64": b64encode(SPECIAL.encode()).decode(),
    "base64 behind a word": b64encode(f"Bearer {SPECIAL}".encode()).decode(),
    "base64 for URLs": urlsafe_b64encode(f"x{SPECIAL}".encode()).decode(),
    "hex": SPECIAL.encode().hex(),
}


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("body", ["<p>you sent {}</p>", '{{"detail": {}, "errorCode": "X"}}'])
def test_a_secret_that_comes_back_encoded_is_hidden(
    flavor: ClientFlavor, serve: Serve, body: str, encoding: str
) -> None:
    form = ENCODED[encoding]
    said = body.format(json.dumps(f"you sent {form}") if "detail" in body else form)
    credentials = AccessToken(SPECIAL)
    _, client = serve(always(answer(400, said)), credentials=credentials, max_retries=0)

    with pytest.raises(AtlasError) as caught:
        flavor.call(client, "list_projects")

    shown = f"{caught.value} {vars(caught.value)}"
    assert "***" in shown
    assert (
        form[len(form) // 3 : -len(form) // 3] not in shown
    )  # of base64, letters at the ends stay


def test_a_lost_connection_shows_no_secret(flavor: ClientFlavor, serve: Serve) -> None:
    script: Script = [READ, GRANTED, READ, RESET]
    credentials = ServiceAccount("mdb_sa_id_1", CANARY)
    _, client = serve(script, credentials=credentials, max_retries=0, total_timeout=BRIEF)

    with pytest.raises(AtlasError) as caught:
        flavor.take(client)

    assert_clean_error(caught.value)
