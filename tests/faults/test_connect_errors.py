"""Failed connections, proxies and TLS handshakes: nothing was sent."""

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
from tests.faults.lab import CALLS, RETRIES, check_success
from tests.faults.matrix_rows import CONNECT, PROXY_FAILS, PROXY_REJECTS, TLS
from tests.faults.service import service
from tests.network.fronts import Proxy, error_response
from tests.raw_server import CLOSE, HEAR, NEVER, RESET, RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from atlas_backups import AtlasError
    from tests.faults.lab import Call, Lab
    from tests.raw_server import Script
    from tests.tls_ca import CertificateAuthority

    Listening = Callable[[], AbstractContextManager[socket.socket]]

# Reserved (RFC 6761): never resolves, and is not forwarded by name servers.
NO_NAME = "atlas.invalid"
# Invalid, because a label has at most 63 characters: no name server is queried.
NO_PROXY = f"http://{'x' * 64}.invalid:3128"
BOTH_ATTEMPTS = f"{1 + RETRIES} attempts,"
# Many short attempts, so that one of them reaches the server that starts late.
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
    """Hold a port whose accept queue is full, so that connects hang."""
    with closed() as listener, ExitStack() as stack:
        listener.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener


@pytest.fixture(scope="session")
def _name_server() -> None:
    """Skip if no name server responds."""
    with ThreadPoolExecutor(1) as pool:
        try:
            error = pool.submit(socket.getaddrinfo, NO_NAME, 443).exception(timeout=1)
        except NotYetError:
            pytest.skip("no name server responds")
        assert isinstance(error, socket.gaierror)


@pytest.mark.usefixtures("_name_server")
@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "options"),
    [("DNS failure", {}), ("DNS failure of the proxy's name", {"proxy": NO_PROXY})],
)
def test_unknown_host_name(
    lab: Lab,
    name: str,
    options: dict[str, str],
    call: Call,
) -> None:
    server = lab.start(service())
    url = f"https://{NO_NAME}"
    client = lab.connect(server, call, base_url=url, max_retries=RETRIES, **options)

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is TransportError
    assert "resolve" in str(outcome)
    assert BOTH_ATTEMPTS in str(outcome)
    lab.record(CONNECT, f"{name}, always", call, outcome, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "response", "is_final"),
    [
        ("401", error_response(401), True),
        ("403", error_response(403), True),
        ("407", error_response(407), True),
        ("429", error_response(429), False),
        ("502", error_response(502), False),
        ("503", error_response(503), False),
        ("not HTTP", b"not HTTP\r\n\r\n", False),
    ],
)
def test_proxy_rejects_connect(
    lab: Lab, name: str, response: bytes, *, is_final: bool, call: Call
) -> None:
    server = lab.start(service())
    proxy = lab.stack.enter_context(Proxy(("127.0.0.1", 1), instead=response))
    options = {"base_url": f"https://{NO_NAME}", "proxy": proxy.url, "max_retries": RETRIES}
    client = lab.connect(server, call, **options)

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is TransportError
    assert proxy.url in str(outcome)
    if is_final:
        assert "1 attempt," in str(outcome)
        lab.record(PROXY_REJECTS, name, call, outcome, server.requests)
    else:
        assert BOTH_ATTEMPTS in str(outcome)
        lab.record(PROXY_FAILS, f"{name}, always", call, outcome, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_https_url_of_plain_proxy(lab: Lab, call: Call) -> None:
    server = lab.start(service())
    plain = lab.start([HEAR, answer(400), CLOSE])
    url = plain.base_url.replace("http:", "https:")
    client = lab.connect(server, call, base_url=f"https://{NO_NAME}", proxy=url)

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is TransportError
    assert "1 attempt," in str(outcome)
    lab.record(PROXY_REJECTS, "https:// for a plain proxy", call, outcome, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "listening", "cause"),
    [
        ("connection refused", closed, TransportError),
        ("connect timeout", full, RequestTimeoutError),
    ],
)
def test_server_is_down(
    lab: Lab,
    name: str,
    listening: Listening,
    cause: type[AtlasError],
    call: Call,
) -> None:
    with listening() as listener:
        server = RawServer(service(), listener=listener)
        client = lab.connect(server, call, connect_timeout=0.1, max_retries=RETRIES)

        outcome = call.run(lab.flavor, client)

    assert type(outcome) is cause
    assert BOTH_ATTEMPTS in str(outcome)
    lab.record(CONNECT, f"{name}, always", call, outcome, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "listening"), [("connection refused", closed), ("connect timeout", full)]
)
def test_server_starts_late(lab: Lab, name: str, listening: Listening, call: Call) -> None:
    listener = lab.stack.enter_context(listening())
    server = RawServer(service(), listener=listener)
    client = lab.connect(server, call, **MANY)
    late = threading.Timer(LATE, lab.stack.enter_context, [server])
    late.start()

    outcome = call.run(lab.flavor, client)

    late.join()
    check_success(outcome)
    lab.record(CONNECT, f"{name} at first", call, outcome, server.requests)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    ("name", "script", "cause"),
    [
        ("end in the TLS handshake", [HEAR, CLOSE], TransportError),
        ("reset in the TLS handshake", [HEAR, RESET], TransportError),
        ("no response in the TLS handshake", [NEVER], RequestTimeoutError),
    ],
)
def test_incomplete_handshake(
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

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is cause
    server.wait_for_connections(1 + RETRIES)  # one may not be accepted yet
    assert server.connections == 1 + RETRIES
    lab.record(CONNECT, f"{name}, always", call, outcome, server.requests)


def old_tls(ca: CertificateAuthority) -> ssl.SSLContext:
    context = ca.context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    "name", ["expired", "wrong host", "untrusted", "only TLS 1.1", "plain HTTP instead"]
)
def test_untrusted_server(
    lab: Lab,
    untrusted_ca: CertificateAuthority,
    name: str,
    call: Call,
) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext | None]] = {
        "expired": lambda: lab.ca.context(expired=True),
        "wrong host": lambda: lab.ca.context("elsewhere.test"),
        "untrusted": untrusted_ca.context,
        "only TLS 1.1": lambda: old_tls(lab.ca),
        "plain HTTP instead": lambda: None,
    }
    context = contexts[name]()
    script: Script = service() if context else [HEAR, answer(400)]
    server = lab.start(script, context=context)
    url = server.base_url.replace("http:", "https:")
    client = lab.connect(server, call, base_url=url)

    outcome = call.run(lab.flavor, client)

    assert type(outcome) is TransportError
    assert server.connections == 1
    assert server.requests == ()
    lab.record(TLS, name, call, outcome, server.requests)
