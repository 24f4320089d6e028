"""Where PyInstaller finds its hook for this package, through the entry point `pyinstaller40`."""

from __future__ import annotations


def get_hook_dirs() -> list[str]:
    """Return the folders that hold hooks."""
    return list(__path__)
