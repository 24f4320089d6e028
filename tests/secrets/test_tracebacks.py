"""Locals of frames, thread stacks and results contain no secret."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import faulthandler
import functools
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, AmbiguousOutcomeError, AtlasBackups, ConfigurationError
from tests.bodies import queued
from tests.flavor import CLUSTER_NAME, GROUP_ID
from tests.raw_server import NEVER, READ, answer
from tests.secrets.canaries import (
    CANARY,
    CHALLENGE,
    GRANTED,
    PASSWORD,
    SECRETS,
    assert_clean,
    assert_clean_error,
    locals_shown_of,
)

if TYPE_CHECKING:
    from tests.conftest import MakeClient, Serve
    from tests.flavor import ClientFlavor
    from tests.raw_server import Step

PROGRAM = Path(__file__).parent / "program.py"
PLACE = (GROUP_ID, CLUSTER_NAME)
PROXY = f"http://user:{PASSWORD}@127.0.0.1:9"


@pytest.mark.parametrize(
    ("credentials", "options"),
    [
        pytest.param(CANARY, {}, id="a secret where credentials belong"),
        pytest.param((CANARY,), {}, id="a tuple with a secret"),
        pytest.param(AccessToken(CANARY), {"timeout": 0}, id="an option after a good secret"),
        pytest.param(AccessToken(CANARY), {"proxy": PROXY, "timeout": 0}, id="a proxy"),
        pytest.param(AccessToken(CANARY), {"proxy": f"{PROXY}:x"}, id="a proxy that is none"),
        pytest.param(AccessToken(CANARY), {"proxy": (PROXY,)}, id="a proxy of another type"),
        pytest.param(
            AccessToken(CANARY), {"base_url": f"https://user:{CANARY}@a.test"}, id="a URL"
        ),
        pytest.param(AccessToken(CANARY), {"base_url": f"https://a.test?key={CANARY}"}, id="a key"),
    ],
)
def test_frames_of_a_failed_constructor_show_no_secret(credentials: Any, options: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AtlasBackups(credentials, **options)

    assert locals_shown_of(caught.value)
    assert_clean_error(caught.value)


def give(secret: str, *, works: bool) -> Any:
    if not works:
        raise RuntimeError("the vault is closed")
    return secret


@pytest.mark.parametrize("works", [True, False])
def test_frames_of_a_failing_callable_show_no_secret(
    flavor: ClientFlavor, make_client: MakeClient, works: bool
) -> None:
    provider = functools.partial(give, CANARY, works=works)
    assert CANARY in repr(provider)
    client = make_client(provider)

    with pytest.raises((ConfigurationError, RuntimeError)) as caught:
        flavor.take(client)

    assert [line for line in locals_shown_of(caught.value) if CANARY in line] == []
    assert_clean(client)


def test_stacks_of_all_threads_show_no_secret(
    flavor: ClientFlavor, serve: Serve, tmp_path: Path
) -> None:
    server, client = serve([READ, NEVER], credentials=AccessToken(CANARY), total_timeout=1.5)

    def take() -> None:
        with pytest.raises(AmbiguousOutcomeError):
            flavor.take(client)

    thread = threading.Thread(target=take)
    thread.start()
    server.wait_for_requests(1)

    with (tmp_path / "stacks").open("w+b") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        stacks = file.read().decode()

    thread.join()
    assert ("run_sync" in stacks) == (flavor.name == "sync")
    assert [secret for secret in SECRETS if secret in stacks] == []


@pytest.mark.parametrize("kind", ["service account", "key", "token", "callable"])
def test_no_python_object_holds_a_secret_after_a_call(
    flavor: ClientFlavor, serve: Serve, kind: str
) -> None:
    good = answer(200, queued())
    first: dict[str, list[Step]] = {
        "service account": [READ, GRANTED],
        "key": [READ, answer(401, {}, CHALLENGE)],
    }
    server, _ = serve([*first.get(kind, []), READ, good, READ, answer(200)])
    work = json.dumps([flavor.name, kind, server.base_url, PLACE, [text[::-1] for text in SECRETS]])

    done = subprocess.run(  # noqa: S603  # a program of ours
        [sys.executable, "-W", "error", str(PROGRAM), work],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"found": [], "sought": True}
