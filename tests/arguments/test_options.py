"""The constructor rejects invalid options by name."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, AtlasBackups, ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeClient

TOKEN = AccessToken("a-token-for-nobody")
TIMES = ["connect_timeout", "timeout", "total_timeout"]


def rejected(**options: Any) -> str:
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
def test_invalid_timeout_is_rejected(name: str, value: object) -> None:
    assert rejected(**{name: value}).startswith(name)


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("value", [1, 0.5, 10**9, 1e300, 5e-324])
def test_valid_timeout_is_accepted(make_client: MakeClient, name: str, value: float) -> None:
    assert make_client(TOKEN, **{name: value})


@pytest.mark.parametrize("value", [-1, 2**32, 10**30, 1.0, float("nan"), True, None, "4", b"4"])
def test_invalid_max_retries_is_rejected(value: object) -> None:
    assert rejected(max_retries=value).startswith("max_retries")


@pytest.mark.parametrize(
    "value",
    ["a\nb", "a\r\nX-Evil: 1", "ü", "\x00", "\x7f", "\ud800", 7, b"x", True],
)
def test_invalid_user_agent_suffix_is_rejected(value: object) -> None:
    assert rejected(user_agent_suffix=value).startswith("user_agent_suffix")


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
def test_invalid_base_url_is_rejected(url: object) -> None:
    message = rejected(base_url=url)

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
def test_valid_base_url_is_accepted(make_client: MakeClient, url: str) -> None:
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
def test_invalid_proxy_is_rejected(proxy: object) -> None:
    message = rejected(proxy=proxy)

    assert message.startswith("proxy")
    assert "canary" not in message


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_ca_file_without_certificates_is_rejected(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)

    assert rejected(ca_file=path).startswith("ca_file")
    assert rejected(ca_file=str(path)).startswith("ca_file")


@pytest.mark.parametrize("value", [7, b"x", True, ["a"]])
def test_ca_file_of_another_type_is_rejected(value: object) -> None:
    assert rejected(ca_file=value).startswith("ca_file")


def test_options_are_keyword_only() -> None:
    positional: Any = AtlasBackups
    with pytest.raises(TypeError):
        positional(TOKEN, "https://cloud.mongodb.com")
    with pytest.raises(TypeError):
        positional(TOKEN, unknown=1)
