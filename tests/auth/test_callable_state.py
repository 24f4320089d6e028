"""A credentials callable may hold a secret: its repr and pickle are its name only."""

from __future__ import annotations

import copy
import functools
import pickle
from typing import TYPE_CHECKING

import pytest

from atlas_backups import AccessToken

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import MakeClient

CANARY = "canary-0c3e2a88"


def give(*words: str) -> AccessToken:
    return AccessToken("".join(words) or "t-0123456")


class Vault:
    """Holds what it gives, and shows it in its repr, as careless classes do."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __repr__(self) -> str:
        return f"Vault({self.token})"

    def __call__(self) -> AccessToken:
        return AccessToken(self.token)

    def fetch(self) -> AccessToken:
        return AccessToken(self.token)


STATEFUL: dict[str, tuple[Callable[[], AccessToken], str]] = {
    "partial": (functools.partial(give, CANARY), "partial"),
    "bound method": (Vault(CANARY).fetch, "Vault.fetch"),
    "instance": (Vault(CANARY), "Vault"),
    "partial of an instance": (functools.partial(Vault(CANARY)), "partial"),
}
stateful = pytest.mark.parametrize(("provide", "name"), STATEFUL.values(), ids=STATEFUL.keys())


@stateful
def test_callable_with_state_does_not_pickle(
    make_client: MakeClient, provide: Callable[[], AccessToken], name: str
) -> None:
    client = make_client(provide)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="may hold a secret") as caught:
            pickle.dumps(client, protocol)
        assert CANARY not in str(caught.value)
    with pytest.raises(TypeError, match="may hold a secret"):
        copy.copy(client)
    assert name in repr(client)


@stateful
def test_repr_has_the_name_of_the_callable_only(
    make_client: MakeClient, provide: Callable[[], AccessToken], name: str
) -> None:
    client = make_client(provide)

    assert f"callable {name}" in repr(client)
    assert CANARY not in repr(client)


def test_module_function_pickles_by_name(make_client: MakeClient) -> None:
    client = make_client(give)

    with pickle.loads(pickle.dumps(client)) as again:  # noqa: S301  # our own pickle
        assert "callable give" in repr(again)


def test_local_function_does_not_pickle(make_client: MakeClient) -> None:
    client = make_client(lambda: AccessToken(CANARY))

    with pytest.raises((pickle.PicklingError, AttributeError)) as caught:
        pickle.dumps(client)

    assert CANARY not in str(caught.value)
