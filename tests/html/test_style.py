"""The colours can be told from what they stand on, in every theme."""

from __future__ import annotations

import re

import pytest

from atlas_backups.html.markup import legal
from atlas_backups.html.style import PALETTE, SOFT_PERCENT, STYLE, SURFACE, TEXT

LIGHT, DARK = 0, 1
AA_TEXT = 4.5
AA_MARKS = 3.0
# What JupyterLab and VS Code have in their own themes, of surface and text.
HOSTS = {
    LIGHT: [SURFACE[LIGHT], "#ffffff", "#f5f5f5"],
    DARK: [SURFACE[DARK], "#111111", "#1e1e1e", "#212121", "#1f1f1f"],
}
themes = pytest.mark.parametrize("theme", [LIGHT, DARK])
KINDS = [name for name in PALETTE if not name.endswith("-back")]


def channels(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    """As WCAG 2.2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(channels("#000000"), channels("#ffffff")) == pytest.approx(21)
    assert contrast(channels("#777777"), channels("#ffffff")) == pytest.approx(4.48, abs=0.01)


@themes
@pytest.mark.parametrize("kind", KINDS)
def test_a_chip_can_be_read(kind: str, theme: int) -> None:
    word, back = PALETTE[kind][theme], PALETTE[f"{kind}-back"][theme]

    assert contrast(channels(word), channels(back)) >= AA_TEXT


@themes
@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_can_be_seen_on_every_surface(kind: str, theme: int) -> None:
    for surface in HOSTS[theme]:
        assert contrast(channels(PALETTE[kind][theme]), channels(surface)) >= AA_MARKS


@themes
def test_less_important_text_can_be_read(theme: int) -> None:
    text = channels(TEXT[theme])
    for surface in map(channels, HOSTS[theme]):
        share = SOFT_PERCENT / 100
        soft = [t * share + s * (1 - share) for t, s in zip(text, surface, strict=True)]
        assert contrast(soft, surface) >= AA_TEXT


def test_both_themes_are_there_for_every_colour() -> None:
    for name, (light, dark) in PALETTE.items():
        assert f"--ab-{name}:light-dark({light},{dark})" in STYLE


def test_every_variable_that_is_used_is_defined() -> None:
    used = set(re.findall(r"var\((--ab-[a-z-]+)", STYLE))
    defined = set(re.findall(r"(--ab-[a-z-]+):", STYLE))

    assert used <= defined


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
def test_what_a_host_says_of_its_theme_counts(host: str, scheme: str) -> None:
    (found,) = re.findall(rf":is\([^{{]*{re.escape(host)}[^{{]*{{color-scheme:(\w+)}}", STYLE)

    assert found == scheme


def test_the_style_is_text_that_svg_may_hold() -> None:
    (css,) = re.findall(r"<style>(.*)</style>", STYLE)

    assert not {"<", "&"} & set(css)
    assert legal(css) == css
