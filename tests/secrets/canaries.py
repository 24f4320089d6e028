"""Searches messages, logs, pickles and crash reports for secrets."""

from __future__ import annotations

import pickle
import traceback
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import atlas_backups
from atlas_backups import AccessToken, ApiKey, ServiceAccount
from atlas_backups.client.credentials import Redacted
from tests.raw_server import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "canary-5f0c0de0"
TOKEN = "canary-token-77aa"
PASSWORD = "canary-proxy-99bb"
BASIC = b64encode(f"mdb_sa_id_1:{CANARY}".encode()).decode()
LOGIN = b64encode(f"user:{PASSWORD}".encode()).decode()
SECRETS = (CANARY, TOKEN, BASIC, PASSWORD, LOGIN)
CREDENTIALS = [
    ServiceAccount("mdb_sa_id_1", CANARY),
    ApiKey("public-key", CANARY),
    AccessToken(CANARY),
]
GRANTED = answer(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
CHALLENGE = {"WWW-Authenticate": 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'}
ECHO = f"Authorization: Basic {BASIC} / Bearer {TOKEN} / Bearer {CANARY} / secret={CANARY}"
OURS = str(Path(atlas_backups.__file__).parent)


def assert_clean(*things: object) -> None:
    for thing in things:
        for text in (str(thing), repr(thing)):
            assert [secret for secret in SECRETS if secret in text] == []


def assert_clean_error(raised: BaseException | None) -> None:
    """Search an exception and its causes: texts, attributes, pickles, the locals of our frames."""
    while raised is not None:
        shown = traceback.TracebackException.from_exception(raised)
        assert_clean(raised, raised.args, vars(raised), "".join(shown.format()))
        pickled = pickle.dumps(raised)
        assert [secret for secret in SECRETS if secret.encode() in pickled] == []
        assert_clean(*locals_shown_of(raised), *insides_of(raised))
        raised = raised.__cause__ or raised.__context__


def locals_shown_of(raised: BaseException) -> list[str]:
    """Return what crash reporters show of the locals in our frames: their `repr`."""
    shown = traceback.TracebackException.from_exception(raised, capture_locals=True)
    frames = [frame for frame in shown.stack if frame.filename.startswith(OURS)]
    return [f"{name}={text}" for frame in frames for name, text in (frame.locals or {}).items()]


def insides_of(raised: BaseException) -> Iterator[Any]:
    """Give what the locals in our frames hold, one step further in."""
    for frame, _ in traceback.walk_tb(raised.__traceback__):
        if frame.f_code.co_filename.startswith(OURS):
            for value in frame.f_locals.values():
                if not isinstance(value, Redacted):  # the one thing that knows what it holds
                    yield from attributes_of(value)


def attributes_of(value: object) -> list[object]:
    names = set(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names.update([slots] if isinstance(slots, str) else slots)
    return [getattr(value, name, None) for name in names]
