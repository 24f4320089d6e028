"""The style: colours of the host if it defines them, otherwise pairs of our own.

JupyterLab and VS Code mark their theme, the classic notebook is always light; anywhere else
the browser preference decides. Colours are pairs (light, dark) for CSS `light-dark()`.
"""

from __future__ import annotations

from atlas_backups.html.markup import Markup

# Markers on the surface, and labels on their background.
PALETTE = {
    "ok": ("#116329", "#7ee2a0"),
    "ok-back": ("#dcf5e3", "#16371f"),
    "run": ("#0a4fa8", "#8fc4ff"),
    "run-back": ("#e0edfd", "#15304f"),
    "idle": ("#474f58", "#c3c9d1"),
    "idle-back": ("#eaedf0", "#363a40"),
    "bad": ("#a40e26", "#ffa198"),
    "bad-back": ("#fde7e7", "#4a1a1d"),
    "odd": ("#6f4600", "#f0c674"),
    "odd-back": ("#fbf0cf", "#3d3013"),
}

_DARK = (
    'body[data-jp-theme-light="false"]',
    "body.vscode-dark",
    "body.vscode-high-contrast:not(.vscode-high-contrast-light)",
    "body[data-md-color-scheme=slate]",
)
_LIGHT = (
    'body[data-jp-theme-light="true"]',
    "body.vscode-light",
    "body.vscode-high-contrast-light",
    "body.notebook_app",
    "body[data-md-color-scheme=default]",
)

# Three times the class: more specific than the rules of the hosts for tables and code.
_ROOT = ".atlas-backups.atlas-backups.atlas-backups"
_RULES = """
ROOT {
  --ab-surface: var(--jp-layout-color0,
    var(--vscode-editor-background, light-dark(#ffffff, #1e1f22)));
  --ab-text: var(--jp-content-font-color1,
    var(--vscode-editor-foreground, light-dark(#1f2328, #e4e6e9)));
  --ab-soft: color-mix(in srgb, var(--ab-text) 72%, var(--ab-surface));
  --ab-line: color-mix(in srgb, var(--ab-text) 18%, var(--ab-surface));
  --ab-tint: color-mix(in srgb, var(--ab-text) 4%, var(--ab-surface));
  --ab-code: var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, monospace));
  color-scheme: light dark;
  box-sizing: border-box; max-width: 74rem; margin: .25rem 0; padding: .75rem 1rem;
  border: 1px solid var(--ab-line); border-radius: 6px;
  background: var(--ab-surface); color: var(--ab-text);
  font: 13px/1.45 var(--jp-ui-font-family, var(--vscode-font-family, system-ui, sans-serif));
  overflow-wrap: anywhere; text-align: start;
  .ab-head {
    display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .6rem; margin: 0 0 .5rem;
  }
  .ab-title { font-size: 14px; font-weight: 600; }
  p.ab-note { margin: .5rem 0 0; font-size: 12px; line-height: 1.45; }
  p.ab-text { margin: 0 0 .5rem; max-width: 46rem; }
  .ab-soft, p.ab-note { color: var(--ab-soft); }
  .ab-small { display: block; font-size: 11.5px; line-height: 1.35; }
  code {
    padding: 0; border: 0; background: none; color: inherit; font: 12px/1.35 var(--ab-code);
  }
  .ab-small code { font-size: 11px; }
  :is(.ab-call, pre) {
    display: block; margin: 0 0 .5rem; padding: .4rem .6rem; border: 1px solid var(--ab-line);
    border-radius: 4px; background: var(--ab-tint); overflow-x: auto; white-space: pre-wrap;
    color: inherit; font: 12px/1.45 var(--ab-code);
  }
  .ab-badge {
    display: inline-flex; align-items: center; gap: .35em; padding: 0 .55em; line-height: 1.6;
    border: 1px solid transparent; border-radius: 1em; font-size: 12px; font-weight: 600;
    max-width: 18rem; white-space: nowrap;
  }
  .ab-badge bdi { overflow: hidden; text-overflow: ellipsis; }
  .ab-badge svg { flex: none; }
  table {
    table-layout: auto; width: auto; margin: 0; border: 0; border-collapse: collapse;
    border-spacing: 0; background: none; color: inherit; font-size: 13px;
  }
  table :is(th, td) {
    min-width: 0; max-width: none; padding: .3rem .6rem; border: 0; text-align: start;
    vertical-align: top; line-height: 1.45; white-space: normal; font-weight: 400; color: inherit;
    background: none;
  }
  table.ab-facts :is(th, td) { padding: .1rem 1.25rem .1rem 0; }
  table.ab-facts th { color: var(--ab-soft); white-space: nowrap; }
  table.ab-grid { width: 100%; }
  table.ab-grid :is(th, td):first-child { padding-inline-start: 0; }
  table.ab-grid :is(th, td):last-child { padding-inline-end: 0; }
  table.ab-grid thead th {
    color: var(--ab-soft); font-size: 12px; vertical-align: bottom; white-space: nowrap;
    border-bottom: 1px solid var(--ab-line); background: var(--ab-surface);
    position: sticky; top: 0;
  }
  table.ab-grid tbody tr + tr :is(th, td) { border-top: 1px solid var(--ab-line); }
  table tbody tr:nth-child(n) { background: none; }
  table.ab-grid tbody tr:hover { background: var(--ab-tint); }
  .ab-tight { white-space: nowrap; }
  table .ab-number { text-align: end; white-space: nowrap; }
  table .ab-name { min-width: 7rem; }
  table .ab-wide { min-width: 12rem; }
  .ab-scroll { max-height: 32rem; overflow: auto; }
  .ab-part { margin: .75rem 0 0; }
  .ab-part > p:first-child { margin: 0 0 .15rem; font-weight: 600; }
  svg { display: inline-block; vertical-align: middle; max-width: none; }
  .ab-style { position: absolute; }
  .ab-rail { stroke: var(--ab-line); }
  .ab-now { stroke: var(--ab-soft); }
  svg text { fill: var(--ab-soft); font-size: 11px; }
  details { margin: .5rem 0 0; }
  summary { color: var(--ab-soft); font-size: 12px; cursor: pointer; }
  COLOURS
}
ROOT.ab-card { max-width: 46rem; }
ROOT.ab-failure { border-inline-start: 3px solid var(--ab-bad); }
"""


def _css() -> str:
    colours = "".join(f"--ab-{name}:light-dark({','.join(it)});" for name, it in PALETTE.items())
    kinds = "".join(
        f".ab-{kind}{{color:var(--ab-{kind})}}"
        f".ab-badge.ab-{kind}{{background:var(--ab-{kind}-back)}}"
        for kind in PALETTE
        if not kind.endswith("-back")
    )
    schemes = "".join(
        f":is({','.join(hosts)}) {_ROOT}{{color-scheme:{scheme}}}"
        for scheme, hosts in (("dark", _DARK), ("light", _LIGHT))
    )
    rules = _RULES.replace("ROOT", _ROOT).replace("COLOURS", colours + kinds)
    return "".join(line.strip() for line in rules.splitlines()) + schemes


# In an <svg>, because HTML allows <style> in a body only there; it draws nothing. Unlike in HTML,
# its content is parsed, so it must not contain < or &.
STYLE = Markup(
    '<svg width="0" height="0" viewBox="0 0 0 0" class="ab-style" aria-hidden="true">'
    f"<style>{_css()}</style></svg>"
)
