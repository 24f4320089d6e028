"""Dependencies of the Rust core point down only, as the map in `src/lib.rs` says.

The files are read as text, so what would hide a name from this reading is refused: see `HIDING`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
# What each module may name of the others: all that is below it.
BELOW = {
    "model": set[str](),
    "error": {"model"},
    "environment": {"model", "error"},
    "config": {"model", "error", "environment"},
    "credentials": {"model", "error", "environment"},
    "transport": {"model", "error", "environment", "config", "credentials"},
    "snapshots": {"model", "error", "environment", "config", "credentials", "transport"},
    "binding": {"model", "error", "environment", "config", "credentials", "transport", "snapshots"},
    # What a fuzzer of another crate calls; it is in no build that is used.
    "fuzz": {"model", "error", "environment", "config", "credentials", "transport", "snapshots"},
}
# Who uses what belongs to one layer alone: Python, and what opens connections.
ALONE = {
    r"\b(pyo3|pythonize)\b": {"binding"},
    r"\breqwest\b": {"transport"},
    r"\bToSocketAddrs\b": {"transport"},
    # reqwest opens every connection but one: see `OPENS_CONNECTIONS`.
    r"\btokio(::(net\b|self\b|\*)| as\b)": set[str](),
    r"\b(Tcp|Udp|Unix)(Stream|Listener|Socket|Datagram)\b": set[str](),
    r"\bnet(::(self\b|\*)| as\b)": set[str](),
}
# Asks a proxy once more, without reqwest, why it has not opened a tunnel.
OPENS_CONNECTIONS = SRC / "transport" / "proxy_error.rs"
# Ways to name a module, or to bring one in, that leave its name out.
HIDING = re.compile(
    r"\bcrate(?:::\*|::self\b| as\b)|\bextern crate\b|\batlas_backups\b"
    r'|#!?\[[^\]]*\bpath ?= ?""|\binclude!'
)

# Strings are found together with comments: either may hold what begins the other.
_UNREAD = re.compile(
    r"""
    (?P<text> \b[bc]?r(?P<hashes>\#*)".*?"(?P=hashes) | "(?:\\.|[^"\\])*" )
    | '(?:\\.[^'\n]*|[^\\'\n])'
    | //[^\n]* | /\*.*?\*/
    """,
    re.DOTALL | re.VERBOSE,
)
_RAW_NAME = re.compile(r"\br#(?=\w)")
_AROUND_COLONS = re.compile(r"\s*::\s*")
_TOGETHER = re.compile(r"((?:\w+::)+)\{([^{}]*)\}")
# Where `super` is sure to be no higher than the file.
_ALL_OF_THE_FILE = re.compile(r"(\bmod \w+ \{) use super::\*;")
_UP = re.compile(r"\b(?:self::)?super(?:::super)*\b")
_NAMED = re.compile(r"\bcrate::(\w+)")
_ATTRIBUTE = re.compile(r"#!?\[[^\]]*\]")
_MODULE = re.compile(r"(?:\bpub(?:\([^)]*\))? )?\bmod (\w+)")


def files(layer: str) -> list[Path]:
    found = [SRC / f"{layer}.rs", *(SRC / layer).rglob("*.rs")]
    return [path for path in found if path.exists()]


def depth(path: Path) -> int:
    """Return how many modules a file is below the top of the crate; `transport.rs` is 1 below."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return len(parts) - (parts[-1] == "mod")


def read(path: Path) -> str:
    return code(path.read_text(encoding="utf-8"), depth(path))


def code(text: str, depth: int) -> str:
    """Return a file's text without comments and strings, each path whole and from `crate`.

    A `super` that reaches the top of the crate becomes `crate`. In a module within the file it
    reaches one less far, and is taken for `crate` all the same, but for the `use super::*` that
    a module begins with: rather one too many than one too few.
    """
    text = _UNREAD.sub(lambda found: '""' if found["text"] else " ", text)
    text = " ".join(_AROUND_COLONS.sub("::", _RAW_NAME.sub("", text)).split())
    while _TOGETHER.search(text):
        text = _TOGETHER.sub(apart, text)
    text = _ALL_OF_THE_FILE.sub(r"\1", text)
    return _UP.sub(lambda up: "crate" if up[0].count("super") >= depth else up[0], text)


def apart(found: re.Match[str]) -> str:
    """Return `a::b, a::c` for `a::{b, c}`."""
    return ", ".join(found[1] + item.strip() for item in found[2].split(",") if item.strip())


def refused(layer: str, text: str) -> set[str]:
    """Return which modules above its layer a text names, and what would hide them."""
    above = set(BELOW) - BELOW[layer] - {layer}
    return set(_NAMED.findall(text)) & above | {found[0] for found in HIDING.finditer(text)}


def test_the_map_has_every_module() -> None:
    assert set(_MODULE.findall(read(SRC / "lib.rs"))) == set(BELOW)


def test_the_top_of_the_crate_has_only_modules_with_files_of_their_own() -> None:
    rest = _MODULE.sub("", _ATTRIBUTE.sub("", read(SRC / "lib.rs")))
    known = {SRC / "lib.rs", *(path for layer in BELOW for path in files(layer))}

    assert set(rest.split()) == {";"}
    assert set(SRC.rglob("*.rs")) == known


@pytest.mark.parametrize("layer", BELOW)
def test_a_layer_names_only_what_is_below_it(layer: str) -> None:
    upward = {
        str(path.relative_to(ROOT)): names
        for path in files(layer)
        if (names := refused(layer, read(path)))
    }

    assert files(layer)
    assert not upward


@pytest.mark.parametrize(("name", "owners"), ALONE.items())
def test_what_belongs_to_a_layer_is_used_there_only(name: str, owners: set[str]) -> None:
    users = {
        layer
        for layer in BELOW
        for path in files(layer)
        if re.search(name, read(path)) and (owners or path != OPENS_CONNECTIONS)
    }

    assert users == owners


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("transport.rs", "use crate::snapshots::X;"),
        ("transport.rs", "let x = crate::snapshots::X;"),
        ("transport.rs", "use crate::{\n    error::{kind::Kind, Error},\n    snapshots,\n};"),
        ("transport.rs", "use crate :: snapshots::X;"),
        ("transport.rs", "use crate::\n    snapshots::X;"),
        ("transport.rs", "use crate/* */::/* */snapshots::X;"),
        ("transport.rs", "use crate::r#snapshots::X;"),
        ("transport.rs", "use crate::*;"),
        ("transport.rs", "use crate as top;"),
        ("transport.rs", "use crate::{self as top};"),
        ("transport.rs", "use crate::{error, self as top};"),
        ("transport.rs", "extern crate self as top;"),
        ("transport.rs", "use atlas_backups::snapshots::X;"),
        ("transport.rs", "use super::snapshots::X;"),
        ("transport.rs", "use self::super::snapshots::X;"),
        ("transport.rs", "use super::*;"),
        ("transport.rs", "use super::{self as top};"),
        ("transport.rs", "mod tests {} use super::*;"),
        ("transport.rs", "mod tests { use super::*; use super::super::*; }"),
        ("transport.rs", "mod tests { use super::super::snapshots::X; }"),
        ("transport/auth.rs", "use super::super::snapshots::X;"),
        ("transport/auth.rs", "use super::{Scheme, super::{error, snapshots::X}};"),
        ("transport/auth.rs", "mod tests { use super::super::super::snapshots::X; }"),
        ("transport/auth/mod.rs", "use super::super::snapshots::X;"),
        ("transport/auth/oauth/token.rs", "use super::super::super::super::snapshots::X;"),
        ("transport.rs", '#[path = "snapshots.rs"]\nmod other;'),
        ("transport.rs", '#[cfg_attr(unix, path="snapshots.rs")]\nmod other;'),
        ("transport.rs", 'include!("snapshots.rs");'),
        ("transport.rs", 'f("http://x", crate::snapshots::X);'),
        ("transport.rs", 'f(r#"a " // "#, crate::snapshots::X);'),
        ("transport.rs", "f('\"', crate::snapshots::X, '\"');"),
        ("transport.rs", "f('\\'', \"//\", crate::snapshots::X);"),
        ("transport.rs", "fn f<'a>(_: &'a str) -> crate::snapshots::X<'a>;"),
        ("transport.rs", '/* " */ use crate::snapshots::X; // "'),
    ],
)
def test_a_name_from_above_is_refused_however_it_is_written(file: str, text: str) -> None:
    assert refused("transport", code(text, depth(SRC / file)))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("transport.rs", "use crate::{error::{Error, Kind}, config::Config};"),
        ("transport.rs", "// use crate::snapshots::X;"),
        ("transport.rs", "/* use crate::snapshots::X; */"),
        ("transport.rs", 'let text = "use crate::snapshots::X;";'),
        ("transport.rs", "pub(super) fn f() {} pub(crate) mod tests { use super::*; }"),
        ("transport/auth.rs", "use super::snapshots::Sub;"),
        ("transport/auth.rs", "use super::{self as transport, super::error::Error, Limit};"),
    ],
)
def test_what_is_no_name_from_above_is_not_refused(file: str, text: str) -> None:
    assert not refused("transport", code(text, depth(SRC / file)))


@pytest.mark.parametrize("text", ["mod x;", "pub mod x;", "pub(crate) mod x;", "mod x {}"])
def test_a_module_is_seen_however_it_is_declared(text: str) -> None:
    assert _MODULE.findall(code(text, 0)) == ["x"]


@pytest.mark.parametrize(
    "text",
    [
        "use reqwest::Client;",
        "use reqwest::{Proxy, Client};",
        "use reqwest as web;",
        "reqwest::get(url)",
        "reqwest::Client::new()",
        "use tokio::net::TcpStream;",
        "use tokio::{net, time::sleep};",
        "use tokio::*;",
        "use tokio as io;",
        "use std::net::TcpStream;",
        "use std::net::*;",
        "use std::net as web;",
    ],
)
def test_what_opens_connections_is_seen_however_it_is_named(text: str) -> None:
    assert any(
        re.search(name, code(text, 1)) for name, owners in ALONE.items() if "binding" not in owners
    )
