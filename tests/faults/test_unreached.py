"""Servers that are not reached, or that the client has no reason to trust: nothing was sent."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from atlas_backups import RequestTimeoutError, TransportError
from tests.faults.calls import CALLS
from tests.faults.fault import RETRIES, check_success
from tests.faults.rows import PROXY_FAILS, PROXY_REJECTS, TLS, UNREACHED
from tests.faults.service import service
from tests.network.fronts import Proxy, refusal
from tests.raw_server import CLOSE, HEAR, NEVER, RESET, RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from atlas_backups import AtlasError
    from tests.authority import Authority
    from tests.faults.calls import Call
    from tests.faults.lab import Lab
    from tests.raw_server import Script

    Listening = Callable[[], AbstractContextManager[socket.socket]]

# There is none (RFC 6761), which name servers know without asking others.
NO_NAME = "atlas.invalid"
# No name server is asked for it: a label has 63 characters at most.
NO_PROXY = f"http://{'x' * 64}.invalid:3128"
BOTH_ATTEMPTS = f"{1 + RETRIES} attempts,"
# Each attempt is short and there are many, so that one of them meets the server that came up late.
MANY = {"connect_timeout": 0.1, "max_retries": 50, "total_timeout": 20}
LATE = 0.15


@contextmanager
def closed() -> Generator[socket.socket]:
    """Hold a port that refuses connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


@contextmanager
def full() -> Generator[socket.socket]:
    """Hold a port that lets connections wait, as the queue of those to accept is full."""
    with closed() as listener, ExitStack() as stack:
        listener.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener


@pytest.fixture(scope="session")
def _name_server() -> None:
    """Skip where the machine has none that answers."""
    with ThreadPoolExecutor(1) as pool:
        try:
            error = pool.submit(socket.getaddrinfo, NO_NAME, 443).exception(timeout=1)
        except NotYetError:
            pytest.skip("no name server answers")
        assert isinstance(error, socket.gaierror)


@pytest.mark.usefixtures("_name_server")
@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "options"),
    [("DNS failure", {}), ("DNS failure of the proxy's name", {"proxy": NO_PROXY})],
)
def test_a_name_that_does_not_exist(
    lab: Lab,
    name: str,
    options: dict[str, str],
    call: Call,
) -> None:
    server = lab.start(service())
    url = f"https://{NO_NAME}"
    client = lab.connect(server, call, base_url=url, max_retries=RETRIES, **options)

    end = call.run(lab.flavor, client)

    assert type(end) is TransportError
    assert "resolve" in str(end)
    assert BOTH_ATTEMPTS in str(end)
    lab.record(UNREACHED, f"{name}, always", call, end, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "response", "is_final"),
    [
        ("401", refusal(401), True),
        ("403", refusal(403), True),
        ("407", refusal(407), True),
        ("429", refusal(429), False),
        ("502", refusal(502), False),
        ("503", refusal(503), False),
        ("not HTTP", b"not HTTP\r\n\r\n", False),
    ],
)
def test_a_proxy_that_opens_no_connection(
    lab: Lab, name: str, response: bytes, *, is_final: bool, call: Call
) -> None:
    server = lab.start(service())
    proxy = lab.stack.enter_context(Proxy(("127.0.0.1", 1), instead=response))
    options = {"base_url": f"https://{NO_NAME}", "proxy": proxy.url, "max_retries": RETRIES}
    client = lab.connect(server, call, **options)

    end = call.run(lab.flavor, client)

    assert type(end) is TransportError
    assert proxy.url in str(end)
    if is_final:
        assert "1 attempt," in str(end)
        lab.record(PROXY_REJECTS, name, call, end, server.requests)
    else:
        assert BOTH_ATTEMPTS in str(end)
        lab.record(PROXY_FAILS, f"{name}, always", call, end, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_plain_proxy_that_is_named_with_https(lab: Lab, call: Call) -> None:
    server = lab.start(service())
    plain = lab.start([HEAR, answer(400), CLOSE])
    url = plain.base_url.replace("http:", "https:")
    client = lab.connect(server, call, base_url=f"https://{NO_NAME}", proxy=url)

    end = call.run(lab.flavor, client)

    assert type(end) is TransportError
    assert "1 attempt," in str(end)
    lab.record(PROXY_REJECTS, "https:// for a plain proxy", call, end, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "listening", "cause"),
    [
        ("connection refused", closed, TransportError),
        ("connect time-out", full, RequestTimeoutError),
    ],
)
def test_a_server_that_is_down(
    lab: Lab,
    name: str,
    listening: Listening,
    cause: type[AtlasError],
    call: Call,
) -> None:
    with listening() as listener:
        server = RawServer(service(), listener=listener)
        client = lab.connect(server, call, connect_timeout=0.1, max_retries=RETRIES)

        end = call.run(lab.flavor, client)

    assert type(end) is cause
    assert BOTH_ATTEMPTS in str(end)
    lab.record(UNREACHED, f"{name}, always", call, end, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "listening"), [("connection refused", closed), ("connect time-out", full)]
)
def test_a_server_that_comes_up_late(lab: Lab, name: str, listening: Listening, call: Call) -> None:
    listener = lab.stack.enter_context(listening())
    server = RawServer(service(), listener=listener)
    client = lab.connect(server, call, **MANY)
    late = threading.Timer(LATE, lab.stack.enter_context, [server])
    late.start()

    end = call.run(lab.flavor, client)

    late.join()
    check_success(end)
    lab.record(UNREACHED, f"{name} at first", call, end, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "script", "cause"),
    [
        ("end in the TLS handshake", [HEAR, CLOSE], TransportError),
        ("reset in the TLS handshake", [HEAR, RESET], TransportError),
        ("no answer in the TLS handshake", [NEVER], RequestTimeoutError),
    ],
)
def test_a_handshake_that_does_not_end(
    lab: Lab,
    name: str,
    script: Script,
    cause: type[AtlasError],
    call: Call,
) -> None:
    server = lab.start(script)
    url = server.base_url.replace("http:", "https:")
    seconds = 0.3 if cause is RequestTimeoutError else 10
    client = lab.connect(server, call, base_url=url, connect_timeout=seconds, max_retries=RETRIES)

    end = call.run(lab.flavor, client)

    assert type(end) is cause
    server.wait_for_connections(1 + RETRIES)  # the last of which it may not have seen yet
    assert server.connections == 1 + RETRIES
    lab.record(UNREACHED, f"{name}, always", call, end, server.requests)


def old_tls(authority: Authority) -> ssl.SSLContext:
    context = authority.context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    "name", ["expired", "wrong host", "untrusted", "only TLS 1.1", "plain HTTP instead"]
)
def test_a_server_without_trust(
    lab: Lab,
    stranger: Authority,
    name: str,
    call: Call,
) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext | None]] = {
        "expired": lambda: lab.authority.context(expired=True),
        "wrong host": lambda: lab.authority.context("elsewhere.test"),
        "untrusted": stranger.context,
        "only TLS 1.1": lambda: old_tls(lab.authority),
        "plain HTTP instead": lambda: None,
    }
    context = contexts[name]()
    script: Script = service() if context else [HEAR, answer(400)]
    server = lab.start(script, context=context)
    url = server.base_url.replace("http:", "https:")
    client = lab.connect(server, call, base_url=url)

    end = call.run(lab.flavor, client)

    assert type(end) is TransportError
    assert server.connections == 1
    assert server.requests == ()
    lab.record(TLS, name, call, end, server.requests)
