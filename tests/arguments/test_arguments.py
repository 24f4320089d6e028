"""Invalid arguments are rejected before anything is sent."""

# ruff: noqa: ANN401, PLR0913, PLR0917  # fixtures and rows of tables
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlas_backups import InvalidArgumentError
from tests.flavor import CLUSTER_NAME, GROUP_ID

if TYPE_CHECKING:
    from atlas_backups import AtlasBackups
    from atlas_backups.emulator import AtlasEmulator
    from tests.flavor import ClientFlavor

METHODS = ["take_snapshot", "take_snapshot_raw"]


class Text(str):
    """Somebody's own kind of text."""

    __slots__ = ()


class Number(int):
    """Somebody's own kind of number."""


def rejected(  # the parts of one call
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    method: str,
    group_id: Any = GROUP_ID,
    cluster_name: Any = CLUSTER_NAME,
    **options: Any,
) -> str:
    """Call, and give the message of the rejection; nothing may have been sent."""
    with pytest.raises(InvalidArgumentError) as caught:
        flavor.call(atlas, method, group_id, cluster_name, **options)
    assert emulator.requests == ()
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250
    return str(caught.value)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "group_id",
    [
        "",
        GROUP_ID[:-1],
        GROUP_ID + "0",
        GROUP_ID.upper(),
        GROUP_ID + "\n",
        "\n" + GROUP_ID,
        " " + GROUP_ID,
        "g" * 24,
        "../" * 8,
        "6" * 23 + "\u0666",
        "6" * 23 + "\ud800",
        "6" * 23 + "\x00",
        GROUP_ID.encode(),
        None,
        int("6" * 24),
        ["6" * 24],
        "6" * 10_000,
    ],
)
def test_invalid_group_id_is_rejected(
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    method: str,
    group_id: object,
) -> None:
    assert "group_id" in rejected(flavor, emulator, atlas, method, group_id=group_id)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        "a_b",
        "a b",
        "a/b",
        "a%2Fb",
        "a?b",
        "a#b",
        "..",
        "a.b",
        "Cluster0\n",
        "\tCluster0",
        "a\x00",
        "a\x7f",
        "ä",
        "\ud800",
        "a" * 65,
        b"Cluster0",
        None,
        0,
        True,
    ],
)
def test_invalid_cluster_name_is_rejected(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, method: str, name: object
) -> None:
    assert "cluster_name" in rejected(flavor, emulator, atlas, method, cluster_name=name)


@pytest.mark.parametrize("name", ["a", "0", "A-", "a" * 64, Text("Cluster0")])
def test_names_at_their_limits_are_sent(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, name: str
) -> None:
    flavor.call(atlas, "take_snapshot_raw", Text(GROUP_ID), name)

    assert f"/clusters/{name}/" in emulator.requests[0].path


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "days",
    [
        0,
        -1,
        2**31,
        2**32 + 1,
        2**63,
        2**64 + 1,
        10**30,
        -(10**30),
        True,
        False,
        1.0,
        1.5,
        float("nan"),
        "7",
        b"7",
        [7],
        7j,
        object(),
    ],
)
def test_invalid_retention_is_rejected(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, method: str, days: object
) -> None:
    message = rejected(flavor, emulator, atlas, method, retention_in_days=days)

    assert "retention_in_days" in message


@pytest.mark.parametrize("days", [10**30, -(10**30), 2**31])
def test_message_quotes_the_number(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, days: int
) -> None:
    message = rejected(flavor, emulator, atlas, "take_snapshot", retention_in_days=days)

    assert str(2**63 - 1) not in message
    assert str(-(2**63)) not in message


def test_integer_subclass_is_sent(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups
) -> None:
    flavor.take(atlas, retention_in_days=Number(7), description=Text("x"))

    assert emulator.requests[0].json() == {"retentionInDays": 7, "description": "x"}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\r",
        "\t",
        "\x00",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\ud800",
        "a\udfff",
        b"bytes",
        7,
        ["a"],
        True,
    ],
)
def test_invalid_description_is_rejected(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, method: str, text: object
) -> None:
    assert "description" in rejected(flavor, emulator, atlas, method, description=text)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["envelope", "pretty"])
@pytest.mark.parametrize("value", [None, 0, 1, "true", "", 1.0])
def test_non_boolean_flag_is_rejected(  # three dimensions
    flavor: ClientFlavor,
    emulator: AtlasEmulator,
    atlas: AtlasBackups,
    method: str,
    name: str,
    value: object,
) -> None:
    assert name in rejected(flavor, emulator, atlas, method, **{name: value})


@pytest.mark.parametrize("method", METHODS)
def test_unknown_and_positional_options_raise_type_error(
    flavor: ClientFlavor, emulator: AtlasEmulator, atlas: AtlasBackups, method: str
) -> None:
    for arguments, options in [
        ((GROUP_ID,), {}),
        ((GROUP_ID, "a", "b"), {}),
        ((GROUP_ID, "a"), {"retention": 7}),
    ]:
        with pytest.raises(TypeError):
            flavor.call(atlas, method, *arguments, **options)
    assert emulator.requests == ()
