"""Fails where a public symbol has no type, or one that type checkers may infer in different ways.

`completeness.py [EXCLUDED]` runs `pyright --verifytypes`, which takes every module without an
underscore for public. `EXCLUDED` is a module whose base classes are of a package that is not
installed here. What pandas and numpy leave open is theirs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGE = "atlas_backups"
COMMAND = ["--verifytypes", PACKAGE, "--ignoreexternal", "--outputjson"]


def report() -> dict[str, Any]:
    """Run pyright on the package installed beside this interpreter."""
    programs = Path(sys.executable).parent
    done = subprocess.run(  # noqa: S603  # our own tool
        [str(programs / "pyright"), *COMMAND],
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(done.stdout)["typeCompleteness"]
    if "pyTypedPath" not in found:
        raise SystemExit(f"{PACKAGE} is not installed here, or has no py.typed")
    return found


def main(excluded: str | None = None) -> None:
    """Print the score, and end with what is wrong."""
    symbols = [
        symbol
        for symbol in report()["symbols"]
        if not (excluded and f"{symbol['name']}.".startswith(f"{excluded}."))
    ]
    wrong = [one for one in symbols if not one["isTypeKnown"] or one["isTypeAmbiguous"]]
    for symbol in wrong:
        for diagnostic in symbol["diagnostics"]:
            print(f"{symbol['name']}: {diagnostic['message']}")  # noqa: T201  # a program
    known = len(symbols) - len(wrong)
    without = f" without {excluded}" if excluded else ""
    print(f"{known} of {len(symbols)} symbols of {PACKAGE}{without} have a known type")  # noqa: T201
    raise SystemExit(bool(wrong) or not symbols)


if __name__ == "__main__":
    main(*sys.argv[1:])
