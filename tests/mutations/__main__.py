"""Breaks the protocol and the bridge on purpose, one rule at a time: the tests must notice each.

Run it with `make mutations`. It works on a copy of the sources below `target/mutations`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = ROOT / "target" / "mutations"
COPY = WORK / "copy"
COPIED = (
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "docs",
    "fuzz",
    "pyproject.toml",
    "python",
    "src",
    "tests",
)
TIMEOUT = 900

PROTOCOL = ("cargo", "test", "--locked", "--quiet", "--lib")
NETWORK = ("cargo", "test", "--locked", "--quiet", "--test", "core", "--", "--test-threads", "8")
PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-n", "4")


@dataclass(frozen=True)
class Mutation:
    """A change that breaks one rule.

    Attributes:
        rule: the rule that no longer holds.
        file: path below the root.
        old: the text that is replaced, once in the file.
        new: its replacement.
        tests: Python tests that run; `()`: those of Rust.
    """

    rule: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()


TAKE = "src/operations/take.rs"
POST = "src/operations/take/post.rs"
RECONCILE = "src/operations/take/reconcile.rs"
LIST = "src/operations/list.rs"

MUTATIONS = (
    Mutation(
        "an ambiguous POST is not sent again",
        POST,
        "return Err(PostError::Ambiguous(error));\n                }\n            }",
        "self.pause(error, RetryDelay::Backoff, call).await?;\n                }\n            }",
    ),
    Mutation(
        "a 5xx is ambiguous",
        POST,
        "_ => PostOutcome::Ambiguous(response.error()),",
        "_ => PostOutcome::Retry(response.error(), RetryDelay::Backoff),",
    ),
    Mutation(
        "a 408 is ambiguous",
        POST,
        "408 => PostOutcome::Ambiguous(response.error()),",
        "408 => PostOutcome::Rejected(response.error()),",
    ),
    Mutation(
        "a 200 without a snapshot is ambiguous",
        POST,
        "Err(error) => PostOutcome::Ambiguous(error),\n            },",
        "Err(error) => PostOutcome::Rejected(error),\n            },",
    ),
    Mutation(
        "a broken connection after the request was sent is ambiguous",
        "src/http/exchange_error.rs",
        "let unprocessed = !sent || (!answered && is_refused_stream(error));",
        "let unprocessed = !answered;",
    ),
    Mutation(
        "a snapshot with the tag of another key is not adopted",
        POST,
        "if tags.is_some_and(|(own, other)| *own != other) {",
        "if tags.is_some_and(|_| false) {",
    ),
    Mutation(
        "a keyed take reads the list before the POST",
        TAKE,
        "            if self.arguments.tag().is_some() {\n                let listing",
        "            if false {\n                let listing",
    ),
    Mutation(
        "a keyed take reads the list again after a long pause",
        POST,
        "self.begun.elapsed() >= RECHECK_AFTER",
        "self.begun.elapsed() >= RECHECK_AFTER * 100_000",
    ),
    Mutation(
        "a take without a key adopts nothing",
        RECONCILE,
        "                    candidates = self.candidates(&listing);\n",
        "                    candidates = self.candidates(&listing);\n"
        "                    if let Some(any) = candidates.first() {\n"
        "                        return Ok(any.clone());\n"
        "                    }\n",
    ),
    Mutation(
        "reconciliation polls more than once",
        RECONCILE,
        "for pause in POLL_SCHEDULE.map(Duration::from_secs) {",
        "for pause in POLL_SCHEDULE.map(Duration::from_secs).into_iter().take(1) {",
    ),
    Mutation(
        "a failed snapshot frees its key",
        "src/model/snapshot.rs",
        "!self.has_failed() && !is_gone",
        "!is_gone",
    ),
    Mutation(
        "duplicates are reported",
        TAKE,
        "        [one] => Ok(Some((*one).clone())),\n",
        "        [one, ..] => Ok(Some((*one).clone())),\n        #[allow(unreachable_patterns)]\n",
    ),
    Mutation(
        "a keyed take checks for duplicates after the POST",
        TAKE,
        "                        Box::pin(check).await?;\n",
        "                        drop(check);\n",
    ),
    Mutation(
        "a busy cluster may be running the snapshot of this key",
        "src/operations/take/in_progress.rs",
        "                    if let Some(own) = self.find_by_tag(&listing, None)? {",
        "                    if let Some(own) = None {",
    ),
    Mutation(
        "a client remembers what it took before lists show it",
        "src/operations/take/recent.rs",
        "listing.find(&recent.id).is_none().then_some(recent)",
        "listing.find(&recent.id).is_none().then_some(recent).filter(|_| false)",
    ),
    Mutation(
        "a list that shifts is read again",
        "src/operations/pagination.rs",
        "return Ok(is_steady && is_confirmed && is_counted);",
        "return Ok(true);",
    ),
    Mutation(
        "a wait does not return a failed snapshot",
        "src/operations/wait.rs",
        "    if snapshot.has_failed() {",
        "    if false {",
    ),
    Mutation(
        "a forked child has its own runtime",
        "src/python/fork.rs",
        "current.filter(|(owner, _)| *owner == process)",
        "current.filter(|_| process.forks < u32::MAX)",
        ("tests/process/test_fork.py",),
    ),
    Mutation(
        "a fork waits for a lookup",
        "src/http/fork_guard.rs",
        "        self.sections.wait_for_none(self.max_pauses, pause);\n",
        "        let _ = (self.max_pauses, pause);\n",
        ("tests/process/test_fork_storm.py",),
    ),
    Mutation(
        "a blocked call handles signals",
        "src/python/operation.rs",
        "                    py.check_signals()?;\n",
        "",
        ("tests/process/test_signals.py",),
    ),
    Mutation(
        "a cancelled task ends its request",
        "src/python/runtime.rs",
        "    fn drop(&mut self) {\n        self.abort();\n    }",
        "    fn drop(&mut self) {}",
        ("tests/runtime",),
    ),
    Mutation(
        "a forked child takes no results of its parent",
        "src/python/completion.rs",
        "        if self.owner != ProcessId::current() {\n            // A forked",
        "        if false {\n            // A forked",
        ("tests/process",),
    ),
)


def run(command: tuple[str, ...]) -> bool:
    """Return whether a command succeeds."""
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(WORK / "target"),
        "PYTHONPATH": str(COPY / "python"),
    }
    with (WORK / "log.txt").open("a") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        try:
            done = subprocess.run(  # noqa: S603  # our own commands
                command,
                cwd=COPY,
                env=environment,
                stdout=log,
                stderr=log,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def copy_sources() -> None:
    COPY.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, target = ROOT / name, COPY / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "target")
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=ignored)
        else:
            shutil.copy2(source, target)


def is_caught(mutation: Mutation) -> str:
    """Return which tests notice the change; empty if none does."""
    path = COPY / mutation.file
    original = path.read_text()
    if original.count(mutation.old) != 1:
        raise SystemExit(f"{mutation.file} has not once: {mutation.old!r}")
    path.write_text(original.replace(mutation.old, mutation.new))
    try:
        if mutation.tests:
            if not run(("cargo", "build", "--locked", "--quiet", "--lib", "--features", "python")):
                raise SystemExit(f"does not compile: {mutation.rule}")
            library = WORK / "target" / "debug" / "libatlas_backups.so"
            shutil.copy2(library, COPY / "python" / "atlas_backups" / "_core.abi3.so")
            return "" if run((*PYTEST, *mutation.tests)) else " ".join(mutation.tests)
        if not run(("cargo", "check", "--locked", "--quiet", "--lib")):
            raise SystemExit(f"does not compile: {mutation.rule}")
        if not run(PROTOCOL):
            return "unit tests and simulation"
        return "" if run(NETWORK) else "tests/core"
    finally:
        path.write_text(original)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", default="", help="rules that contain this text")
    only = parser.parse_args().only
    copy_sources()
    missed = 0
    for mutation in MUTATIONS:
        if only not in mutation.rule:
            continue
        begun = time.monotonic()
        noticed_by = is_caught(mutation)
        missed += not noticed_by
        seconds = time.monotonic() - begun
        print(
            f"{'caught' if noticed_by else 'MISSED':7} {mutation.rule}  "
            f"({noticed_by or 'no test failed'}, {seconds:.0f} s)",
            flush=True,
        )
    print(f"{missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
