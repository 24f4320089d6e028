"""Every drawing is valid HTML that needs nothing else, whatever Atlas or anybody wrote."""

from __future__ import annotations

import re
from datetime import timedelta

import html5lib
import pytest
from html5lib.html5parser import ParseError
from justhtml import JustHTML

import atlas_backups as ab
from atlas_backups.html import render
from tests.html.samples import AT, ERRORS, HOSTILE, SAMPLES, hostile, taken

every = pytest.mark.parametrize("name", SAMPLES)
# One in a notebook is as large as a large picture; all of its text is sent to the browser.
MOST_BYTES = 500_000


def drawn(shown: object) -> str:
    return render(shown, at=AT)


def parsed(html: str) -> JustHTML:
    return JustHTML(html, fragment=True, sanitize=False)


def validate(html: str) -> None:
    """Raise on everything that the standard calls an error of parsing."""
    html5lib.HTMLParser(strict=True).parseFragment(html)  # pyright: ignore[reportUnknownMemberType]  # it has no types


@every
def test_it_is_valid(name: str) -> None:
    validate(drawn(SAMPLES[name]))


@pytest.mark.parametrize(
    "broken", ["<p>\0</p>", "<b><i></b></i>", '<p lang="1" lang="2">', "</td>", "&nope;", "<bdi>"]
)
def test_the_validator_sees_errors(broken: str) -> None:
    with pytest.raises(ParseError):
        validate(broken)


@every
def test_it_has_no_script_and_nothing_from_elsewhere(name: str) -> None:
    page = parsed(drawn(SAMPLES[name]))

    assert not page.query("script, link, img, iframe, object, embed, base, meta, form, a")
    for found in page.query("*"):
        names = set(found.attrs or {})
        assert not {name for name in names if name.startswith("on")}
        assert not {"src", "href", "id", "style"} & names
    (style,) = page.query("style")
    assert "url(" not in style.to_text()
    assert "@import" not in style.to_text()


@every
def test_it_can_be_sent(name: str) -> None:
    drawn(SAMPLES[name]).encode()


@every
def test_it_is_the_same_every_time(name: str) -> None:
    assert drawn(SAMPLES[name]) == drawn(SAMPLES[name])


@pytest.mark.parametrize("name", ["hostile", "hostile-list", "hostile-cluster", "error-9"])
def test_what_anybody_wrote_is_text(name: str) -> None:
    page = parsed(drawn(SAMPLES[name]))

    assert "</td></style><script>alert(1)</script>" in page.to_text()
    assert len(page.query("style")) == 1


def test_controls_are_shown_as_signs() -> None:
    text = parsed(drawn(hostile(HOSTILE))).to_text()

    assert "␀␛[31m" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u2066b", "a\u2066b\u2069"),
        ("a\u2069b", "ab"),
        ("\u2067a\u2068b\u2069c\u2069d\u2069", "\u2067a\u2068b\u2069c\u2069d"),
        ("\u202ea", "\u202ea"),
    ],
)
def test_directions_end_where_the_text_does(text: str, shown: str) -> None:
    html = drawn(taken(timedelta(1), description=text))

    assert f"<bdi>{shown}</bdi>" in html


def test_a_title_gives_no_directions() -> None:
    html = drawn(taken(timedelta(1), cluster_name="\u202e\u2066" + "long" * 100))

    (title,) = re.findall(r'<bdi title="([^"]*)"', html)
    assert title.startswith("\ufffd\ufffdlong")


@pytest.mark.parametrize("count", [1, 100, 10_000])
@pytest.mark.parametrize("text", ["nightly", HOSTILE * 3, "&" * 5000])
def test_a_long_list_stays_small_and_says_what_it_left_out(count: int, text: str) -> None:
    snapshots = ab.SnapshotList(
        hostile(text) if text != "nightly" else taken(timedelta(hours=number), number)
        for number in range(count)
    )

    html = drawn(snapshots)

    assert len(html.encode()) < MOST_BYTES
    said = parsed(html).to_text()
    assert f"{count:,} snapshot".replace(",", "\u202f") in said
    left_out = re.findall(r"The first (\d+) are shown, ([\d\u202f]+) are not", said)
    shown = len(parsed(html).query("tbody tr"))
    assert left_out == (
        [] if shown == count else [(str(shown), f"{count - shown:,}".replace(",", "\u202f"))]
    )


@pytest.mark.parametrize("count", [10_000])
def test_many_outcomes_and_clusters_stay_small(count: int) -> None:
    entry = SAMPLES["hostile-coverage"]
    assert isinstance(entry, ab.Coverage)
    request = ab.SnapshotRequest(group_id="6" * 24, cluster_name=HOSTILE)
    outcomes = ab.SnapshotOutcomes(
        ab.SnapshotOutcome(request=request, error=ERRORS[9 if number % 2 else 0])
        for number in range(count)
    )

    for shown in (outcomes, ab.Coverage([*entry] * count, taken_at=AT)):
        html = drawn(shown)
        assert len(html.encode()) < MOST_BYTES
        more = count - len(parsed(html).query("tbody tr"))
        assert f"{more:,} more are not shown".replace(",", "\u202f") in parsed(html).to_text()
