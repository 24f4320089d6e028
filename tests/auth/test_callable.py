"""A credentials callable runs at the first call, and again when Atlas rejects its result."""

# ruff: noqa: ANN401  # anything may be passed on
from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import AccessToken, ApiKey, ConfigurationError, ServiceAccount, UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_backups.emulator import AtlasEmulator
    from tests.conftest import MakeClient
    from tests.flavor import ClientFlavor


class Provider:
    """Returns the given values in order, the last one repeatedly."""

    def __init__(self, *given: Any) -> None:
        self._given = list(given)
        self.asked = 0

    def __call__(self) -> Any:
        self.asked += 1
        given = self._given.pop(0) if len(self._given) > 1 else self._given[0]
        if isinstance(given, BaseException):
            raise given
        return given


def test_callable_runs_at_the_first_call_only(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    provider = Provider(emulator.access_token)
    client = make_client(provider, base_url=emulator.base_url)
    assert provider.asked == 0

    flavor.take(client)
    flavor.take(client)

    assert provider.asked == 1


@pytest.mark.parametrize("kind", ["service_account", "api_key", "access_token"])
def test_callable_may_return_any_credentials(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, kind: str
) -> None:
    client = make_client(Provider(getattr(emulator, kind)), base_url=emulator.base_url)

    assert flavor.take(client).status == "queued"


@pytest.mark.parametrize(
    "old",
    [AccessToken("an-old-token"), ServiceAccount("mdb_sa_id_1", "old"), ApiKey("old", "old-key")],
)
def test_rejected_credentials_rerun_the_callable_and_repeat_the_call(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, old: Any
) -> None:
    provider = Provider(old, emulator.access_token)
    client = make_client(provider, base_url=emulator.base_url)

    snapshot = flavor.take(client)
    flavor.take(client)

    assert provider.asked == 2
    assert snapshot.status == "queued"
    assert [request.status for request in emulator.requests][-2:] == [200, 200]


def test_unchanged_credentials_are_not_tried_again(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    provider = Provider(AccessToken("an-old-token"))
    client = make_client(provider, base_url=emulator.base_url)

    with pytest.raises(UnauthorizedError, match="expired or was revoked"):
        flavor.take(client)

    assert provider.asked == 2
    assert len(emulator.requests) == 1


def test_second_rejection_is_raised(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    provider = Provider(AccessToken("old-token-1"), AccessToken("old-token-2"))
    client = make_client(provider, base_url=emulator.base_url)

    with pytest.raises(UnauthorizedError):
        flavor.take(client)

    assert provider.asked == 2
    assert len(emulator.requests) == 2


@pytest.mark.parametrize("error", [RuntimeError("vault is sealed"), KeyError("secret")])
def test_exception_of_the_callable_is_raised_unchanged(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, error: Exception
) -> None:
    client = make_client(Provider(error, emulator.access_token), base_url=emulator.base_url)

    with pytest.raises(type(error)) as caught:
        flavor.take(client)
    snapshot = flavor.take(client)

    assert caught.value is error
    assert snapshot.status == "queued"


def wrong_things() -> list[Any]:
    return [None, "a-token", ("id", "secret"), {"token": "x"}, 7, lambda: None]


@pytest.mark.parametrize(
    "wrong", wrong_things(), ids=["None", "str", "tuple", "dict", "int", "function"]
)
def test_invalid_return_value_raises_configuration_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient, wrong: Any
) -> None:
    client = make_client(Provider(wrong), base_url=emulator.base_url)

    with pytest.raises(ConfigurationError, match="callable") as caught:
        flavor.take(client)

    assert "a-token" not in str(caught.value)
    assert emulator.requests == ()


def test_coroutine_function_is_rejected_without_a_warning(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    make_client: MakeClient,
    recwarn: pytest.WarningsRecorder,
) -> None:
    async def provide() -> AccessToken:
        return emulator.access_token

    client = make_client(provide, base_url=emulator.base_url)

    with pytest.raises(ConfigurationError, match="not coroutine"):
        flavor.take(client)

    gc.collect()
    assert not recwarn.list
    assert emulator.requests == ()


@pytest.mark.parametrize("wrong", ["a-token", 7, ("id", "secret"), b"x", True], ids=repr)
def test_constructor_rejects_other_types(make_client: MakeClient, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="credentials must be"):
        make_client(wrong)


def test_raw_take_uses_the_callable(
    flavor: ClientFlavor, emulator: AtlasEmulator, make_client: MakeClient
) -> None:
    client = make_client(Provider(emulator.access_token), base_url=emulator.base_url)

    assert flavor.take_raw(client).status == 200


def wrongly_built() -> list[tuple[Callable[[], object], str]]:
    return [
        (lambda: ServiceAccount("", "secret"), "client_id"),
        (lambda: ServiceAccount("id", ""), "client_secret"),
        (lambda: ServiceAccount("a:b", "secret"), "client_id"),
        (lambda: ServiceAccount("id", "a-canary\n"), "client_secret"),
        (lambda: ServiceAccount("id", b"a-canary"), "client_secret"),  # type: ignore[arg-type]
        (lambda: ApiKey("public", "a-canary\x00"), "private_key"),
        (lambda: ApiKey(None, "a-canary"), "public_key"),  # type: ignore[arg-type]
        (lambda: AccessToken(""), "token"),
        (lambda: AccessToken("a-canary with space"), "token"),
        (lambda: AccessToken("a-canary\ud800"), "token"),
        (lambda: AccessToken("ü-a-canary"), "token"),
    ]


@pytest.mark.parametrize(("build", "named"), wrongly_built())
def test_invalid_credentials_error_names_the_part_without_its_value(
    build: Callable[[], object], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        build()

    assert "canary" not in str(caught.value)
