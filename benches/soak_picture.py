"""Draws what soak.py wrote: each column over the seconds. Needs matplotlib."""

from __future__ import annotations

import argparse
import csv
from importlib import import_module
from pathlib import Path
from typing import Any


def draw(csv_file: Path) -> Path:
    pyplot: Any = import_module("matplotlib.pyplot")  # no dependency of this project
    with csv_file.open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    seconds, *names = rows[0]
    figure, axes = pyplot.subplots(len(names), sharex=True, figsize=(9, 11))
    for axis, name in zip(axes, names, strict=True):
        axis.plot([row[seconds] for row in rows], [row[name] for row in rows])
        axis.set_ylabel(name)
        axis.set_ylim(bottom=0)
    axes[-1].set_xlabel(seconds)
    picture = csv_file.with_suffix(".png")
    figure.tight_layout()
    figure.savefig(picture)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path)
    print(f"drawn: {draw(parser.parse_args().csv)}")


if __name__ == "__main__":
    main()
