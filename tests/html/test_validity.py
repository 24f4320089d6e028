"""Every drawing is valid, self-contained HTML, whatever text it contains."""

from __future__ import annotations

import re
from datetime import timedelta

import html5lib
import pytest
from justhtml import JustHTML

import atlas_backups as ab
from atlas_backups.html import render
from atlas_backups.html.markup import sanitize
from atlas_backups.html.style import PALETTE, STYLE
from tests.html.samples import AT, ERRORS, HOSTILE, SAMPLES, hostile, taken

# The size of a large picture; all of it is sent to the browser.
MAX_BYTES = 500_000


def drawn(shown: object) -> str:
    return render(shown, at=AT)


def parsed(html: str) -> JustHTML:
    return JustHTML(html, fragment=True, sanitize=False)


@pytest.mark.parametrize("name", SAMPLES)
def test_drawing_is_valid_self_contained_and_deterministic(name: str) -> None:
    html = drawn(SAMPLES[name])

    html5lib.HTMLParser(strict=True).parseFragment(html)  # pyright: ignore[reportUnknownMemberType]  # it has no types
    html.encode()  # no surrogates
    page = parsed(html)
    assert not page.query("script, link, img, iframe, object, embed, base, meta, form, a")
    for found in page.query("*"):
        names = set(found.attrs or {})
        assert not {name for name in names if name.startswith("on")}
        assert not {"src", "href", "id", "style"} & names
    (style,) = page.query("style")
    assert "url(" not in style.to_text()
    assert "@import" not in style.to_text()
    assert drawn(SAMPLES[name]) == html


@pytest.mark.parametrize("name", ["hostile", "hostile-list", "hostile-cluster", "error-9"])
def test_hostile_text_is_escaped(name: str) -> None:
    page = parsed(drawn(SAMPLES[name]))

    assert "</td></style><script>alert(1)</script>" in page.to_text()
    assert len(page.query("style")) == 1


def test_control_characters_are_visible() -> None:
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
def test_text_directions_end_with_the_text(text: str, shown: str) -> None:
    assert f"<bdi>{shown}</bdi>" in drawn(taken(timedelta(1), description=text))


def test_title_has_no_text_directions() -> None:
    html = drawn(taken(timedelta(1), cluster_name="\u202e\u2066" + "long" * 100))

    (title,) = re.findall(r'<bdi title="([^"]*)"', html)
    assert title.startswith("\ufffd\ufffdlong")


@pytest.mark.parametrize("count", [1, 100, 10_000])
@pytest.mark.parametrize("text", ["nightly", HOSTILE * 3, "&" * 5000])
def test_long_list_is_limited(count: int, text: str) -> None:
    snapshots = ab.SnapshotList(
        hostile(text) if text != "nightly" else taken(timedelta(hours=number), number)
        for number in range(count)
    )

    html = drawn(snapshots)

    assert len(html.encode()) < MAX_BYTES
    shown_text = parsed(html).to_text()
    assert f"{count:,} snapshot".replace(",", "\u202f") in shown_text
    left_out = re.findall(r"The first (\d+) are shown, ([\d\u202f]+) are not", shown_text)
    shown = len(parsed(html).query("tbody tr"))
    expected = [(str(shown), f"{count - shown:,}".replace(",", "\u202f"))]
    assert left_out == ([] if shown == count else expected)


def test_many_outcomes_and_clusters_are_limited() -> None:
    count = 10_000
    entry = SAMPLES["hostile-coverage"]
    assert isinstance(entry, ab.Coverage)
    request = ab.SnapshotRequest(group_id="6" * 24, cluster_name=HOSTILE)
    outcomes = ab.SnapshotOutcomes(
        ab.SnapshotOutcome(request=request, error=ERRORS[9 if number % 2 else 0])
        for number in range(count)
    )

    for shown in (outcomes, ab.Coverage([*entry] * count, taken_at=AT)):
        html = drawn(shown)
        assert len(html.encode()) < MAX_BYTES
        more = count - len(parsed(html).query("tbody tr"))
        assert f"{more:,} more are not shown".replace(",", "\u202f") in parsed(html).to_text()


def test_style_defines_its_variables_and_both_themes() -> None:
    used = set(re.findall(r"var\((--ab-[a-z-]+)", STYLE))
    (css,) = re.findall(r"<style>(.*)</style>", STYLE)

    assert used <= set(re.findall(r"(--ab-[a-z-]+):", STYLE))
    for name, (light, dark) in PALETTE.items():
        assert f"--ab-{name}:light-dark({light},{dark})" in STYLE
    assert not {"<", "&"} & set(css)  # it is inside of an <svg>
    assert sanitize(css) == css


@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        ('body[data-jp-theme-light="false"]', "dark"),
        ('body[data-jp-theme-light="true"]', "light"),
        ("body.vscode-dark", "dark"),
        ("body.vscode-light", "light"),
        ("body.notebook_app", "light"),
    ],
)
def test_theme_of_the_host_is_used(host: str, scheme: str) -> None:
    (found,) = re.findall(rf":is\([^{{]*{re.escape(host)}[^{{]*{{color-scheme:(\w+)}}", STYLE)

    assert found == scheme
