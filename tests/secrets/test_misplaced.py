"""Swapped halves of credentials raise an error without a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import AccessToken, ApiKey, AtlasBackups, ConfigurationError, ServiceAccount

if TYPE_CHECKING:
    from collections.abc import Callable

ID, SECRET = "mdb_sa_id_1", "mdb_sa_sk_canary"
PUBLIC, PRIVATE = "abcdefgh", "5f0c0de0-0000-4000-8000-0123456789ab"


@pytest.mark.parametrize(
    "make",
    [
        lambda: ServiceAccount(SECRET, ID),
        lambda: ServiceAccount(PRIVATE, "other"),
        lambda: ServiceAccount(PUBLIC, PRIVATE),
        lambda: ApiKey(PRIVATE, PUBLIC),
        lambda: ApiKey(SECRET, ID),
        lambda: ApiKey(PUBLIC, SECRET),
        lambda: AccessToken(SECRET),
        lambda: AccessToken(PRIVATE),
    ],
)
def test_misplaced_credential_is_an_error_without_its_value(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()

    assert "canary" not in str(caught.value)
    assert PRIVATE not in str(caught.value)


def test_repr_shows_an_id_only_in_the_form_that_atlas_gives_it() -> None:
    assert repr(ServiceAccount(ID, SECRET)) == (
        "ServiceAccount(client_id='mdb_sa_id_1', client_secret='***')"
    )
    assert repr(ApiKey(PUBLIC, PRIVATE)) == "ApiKey(public_key='abcdefgh', private_key='***')"
    for credentials in (ServiceAccount("canary", "secret"), ApiKey("canary", "secret")):
        client = AtlasBackups(credentials, base_url="http://127.0.0.1:1")
        assert "canary" not in repr(credentials) + repr(client)
