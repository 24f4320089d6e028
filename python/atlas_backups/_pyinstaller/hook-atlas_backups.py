"""PyInstaller's hook: every module but those that other programs load from an installed package."""

from PyInstaller.utils.hooks import collect_submodules


def _is_needed(name: str) -> bool:
    return not name.startswith(
        (
            "atlas_backups._pyinstaller",
            "atlas_backups.airflow",
            "atlas_backups.emulator.pytest_plugin",
        )
    )


# Only type checkers import these, or a program that uses them itself.
excludedimports = ["pandas", "polars", "pydantic", "pydantic_core", "pytest", "typing_extensions"]
hiddenimports = collect_submodules("atlas_backups", filter=_is_needed)
