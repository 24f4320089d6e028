"""Options of the client that cannot be used are refused by the constructor, by name."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, AtlasBackups, ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor

TOKEN = AccessToken("a-token-for-nobody")
TIMES = ["connect_timeout", "timeout", "total_timeout"]


def refused(**options: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        AtlasBackups(TOKEN, **options)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        0,
        0.0,
        -0.0,
        -1,
        -0.5,
        10**400,
        -(10**400),
        None,
        True,
        False,
        "10",
        b"10",
        [10],
        1j,
    ],
)
def test_a_time_is_finite_and_above_zero(name: str, value: object) -> None:
    assert refused(**{name: value}).startswith(name)


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("value", [1, 0.5, 10**9, 1e300, 5e-324])
def test_any_other_time_is_taken(make_client: MakeClient, name: str, value: float) -> None:
    assert make_client(TOKEN, **{name: value})


def test_no_order_of_the_times_is_required(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    options: dict[str, Any] = {"connect_timeout": 30, "timeout": 20, "total_timeout": 10}
    client = make_client(emulator.access_token, base_url=emulator.base_url, **options)

    assert flavor.take(client).status == "queued"


@pytest.mark.parametrize("value", [-1, 2**32, 10**30, 1.0, float("nan"), True, None, "4", b"4"])
def test_retries_are_counted(value: object) -> None:
    assert refused(max_retries=value).startswith("max_retries")


@pytest.mark.parametrize(
    "value",
    ["a\nb", "a\r\nX-Evil: 1", "ü", "\x00", "\x7f", "\ud800", 7, b"x", True],
)
def test_a_user_agent_suffix_is_printable_ascii(value: object) -> None:
    assert refused(user_agent_suffix=value).startswith("user_agent_suffix")


@pytest.mark.parametrize(
    "url",
    [
        "http://cloud.mongodb.com",
        "http://localhost.example.com",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://127.0.0.1.example.com",
        "http://[::2]",
        "http://192.168.0.1:8080",
        "https://user@cloud.mongodb.com",
        "https://user:a-canary@cloud.mongodb.com",
        "https://:a-canary@cloud.mongodb.com",
        "http://user:a-canary@127.0.0.1",
        "https://cloud.mongodb.com?a-canary=1",
        "https://cloud.mongodb.com#a-canary",
        "https://cloud.mongodb.com\n",
        " https://cloud.mongodb.com",
        "https://cloud.mongodb.com/a b",
        "https://",
        "https:///path",
        "cloud.mongodb.com",
        "//cloud.mongodb.com",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://cloud.mongodb.com:99999",
        "",
        "\ud800",
        b"https://cloud.mongodb.com",
        7,
        True,
    ],
)
def test_a_base_url_that_would_show_secrets_or_cannot_be_right(url: object) -> None:
    message = refused(base_url=url)

    assert message.startswith("base_url")
    assert "canary" not in message


@pytest.mark.parametrize(
    "url",
    [
        "https://cloud.mongodb.com",
        "https://cloud.mongodbgov.com/",
        "https://x.example:8443/a/b/",
        "http://localhost:1",
        "http://127.9.9.9",
        "http://[::1]:8080/prefix",
    ],
)
def test_other_base_urls_are_taken(make_client: MakeClient, url: str) -> None:
    assert url.rstrip("/") in repr(make_client(TOKEN, base_url=url))


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "http://",
        "ftp://proxy.example",
        "socks9://a-canary@proxy",
        " http://proxy.example",
        "http://proxy.example\n",
        "http://a-canary\t@proxy.example",
        "http://proxy.ex\u00a0ample",
        "http://proxy.example/\x00",
        "\ud800",
        7,
        b"x",
    ],
)
def test_a_proxy_is_an_http_url(proxy: object) -> None:
    message = refused(proxy=proxy)

    assert message.startswith("proxy")
    assert "canary" not in message


def test_a_loopback_address_is_never_reached_through_a_proxy(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = make_client(
        emulator.access_token, base_url=emulator.base_url, proxy="http://127.0.0.1:9"
    )

    assert flavor.take(client).status == "queued"


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_a_ca_file_holds_certificates(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)

    assert refused(ca_file=path).startswith("ca_file")
    assert refused(ca_file=str(path)).startswith("ca_file")


@pytest.mark.parametrize("value", [7, b"x", True, ["a"]])
def test_a_ca_file_is_a_path(value: object) -> None:
    assert refused(ca_file=value).startswith("ca_file")


def test_options_have_names() -> None:
    positional: Any = AtlasBackups
    with pytest.raises(TypeError):
        positional(TOKEN, "https://cloud.mongodb.com")
    with pytest.raises(TypeError):
        positional(TOKEN, unknown=1)
