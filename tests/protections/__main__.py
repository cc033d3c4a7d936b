"""`make protections`: takes each protection out of a copy of the tree and looks whether its tests notice."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.protections.protection import Protection
from tests.protections.table import PROTECTIONS
from tests.protections.trial import ROOT, Run, Tree

NOTICED, UNNOTICED, NOT_TRIED = "noticed", "NOT NOTICED", "not tried here"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happened without a protection.

    Attributes:
        protection: Which.
        word: `NOTICED`, `UNNOTICED` or `NOT_TRIED`.
        reason: What its tests did, where that is not what they should.
    """

    protection: Protection
    word: str
    reason: str = ""


def judged(protection: Protection, run: Run) -> Verdict:
    """What a run without the protection shows."""
    objections = [f"{test} {why}" for test in protection.tests if (why := run.objection(test)) is not None]
    return Verdict(protection, UNNOTICED if objections else NOTICED, "\n".join(objections))


def tried(protections: Sequence[Protection], trees: Sequence[Tree], before: Run) -> Iterator[Verdict]:
    """Verdicts in the order of the table, as many at a time as there are trees."""
    free: SimpleQueue[Tree] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def attempt(protection: Protection) -> Verdict:
        failing = [test for test in protection.tests if not before.has_passed(test)]
        if failing and all(before.was_skipped(test) for test in failing):
            return Verdict(protection, NOT_TRIED, "a server that its tests need is missing")
        if failing:
            return Verdict(protection, UNNOTICED, "\n".join(f"{test} does not pass as it is" for test in failing))
        tree = free.get()
        try:
            return judged(protection, tree.run_without(protection))
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as threads:
        yield from threads.map(attempt, protections)


def main() -> int:
    """Try them, and print what happened; 0 if every removal was noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.protections", description=__doc__)
    parser.add_argument("only", nargs="*", help="words; a protection with any of them in its name or file is tried")
    parser.add_argument("--at-a-time", type=int, default=2, metavar="N", help="how many are tried at once (2)")
    given = parser.parse_args()
    words = [word.lower() for word in given.only]
    chosen = [one for one in PROTECTIONS if not words or _has(one, words)]
    console = Console(width=None if sys.stdout.isatty() else 160)
    if not chosen:
        console.print("no protection has these words in its name or file")
        return 2
    with tempfile.TemporaryDirectory(prefix="lintel-protections-") as folder:
        tree = Tree.copied(ROOT, Path(folder) / "0")
        tests = list(dict.fromkeys(test for one in chosen for test in one.tests))
        console.print(f"{len(chosen)} protections; first their {len(tests)} tests with all of them in place ...")
        before = tree.run(tests)
        others = [Tree.copied(tree.root, Path(folder) / str(place)) for place in range(1, given.at_a_time)]
        verdicts = []
        for verdict in tried(chosen, [tree, *others], before):
            told = [f"{verdict.word}: {verdict.protection.name}", *verdict.reason.splitlines()]
            console.print("\n    ".join(told), highlight=False, markup=False)
            verdicts.append(verdict)
        if not any(map(before.has_passed, tests)):
            console.print(before.ended, markup=False, highlight=False)
    return _told(console, verdicts)


def _has(protection: Protection, words: Sequence[str]) -> bool:
    return any(word in f"{protection.name} {protection.file}".lower() for word in words)


def _told(console: Console, verdicts: Sequence[Verdict]) -> int:
    table = Table("Protection", "Taken out of", "Its tests", title="Protections, one by one", show_lines=True)
    for verdict in verdicts:
        reason = verdict.reason or "\n".join(test.partition("::")[2] for test in verdict.protection.tests)
        table.add_row(verdict.protection.name, verdict.protection.file, escape(f"{verdict.word}\n{reason}"))
    console.print(table)
    unnoticed = sum(verdict.word == UNNOTICED for verdict in verdicts)
    console.print(f"{len(verdicts)} protections, {unnoticed} of which can be removed without a test noticing")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
