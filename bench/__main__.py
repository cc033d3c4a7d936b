"""`python -m bench [CASE …]`: measure, print the tables, write the figures and the page. Without a case: all."""

import argparse
import sys
from pathlib import Path

from bench.cases import CASES
from bench.harness import report, results
from bench.harness.case import Case, SkippedError
from bench.harness.cores import pin
from bench.harness.environment import environment
from bench.harness.load import WrongAnswerError
from bench.harness.measure import Plan, UnstableError

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def main() -> int:
    """Run the cases asked for; 1 if one of them could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[[], *(case.name for case in CASES)], metavar="CASE")
    parser.add_argument("--quick", action="store_true", help="only see whether it all still works; writes nothing")
    asked = parser.parse_args()
    plan = Plan(rounds=1, share=0.01, must_agree=False) if asked.quick else Plan()
    pin(plan.cores.others)
    outcomes = [_run(case, plan, keep=not asked.quick) for case in CASES if case.name in asked.cases or not asked.cases]
    if not asked.quick:
        _publish()
    return 0 if all(outcomes) else 1


def _run(case: Case, plan: Plan, *, keep: bool) -> bool:
    print(f"{case.name} …", file=sys.stderr, flush=True)
    try:
        tables = case.run(plan)
    except SkippedError as reason:
        print(f"{case.name}: skipped. {reason}", flush=True)
        return True
    except (UnstableError, WrongAnswerError) as reason:
        print(f"{case.name}: not measured. {reason}", flush=True)
        return False
    found = results.Result(case=case.name, title=case.title, environment=environment(), tables=tables)
    if keep:
        results.write(found)
    print(f"{report.tables(found)}\n" if keep else f"{case.name}: works", flush=True)
    return True


def _publish() -> None:
    """Print the gates, and write the page, from the latest figures of every case."""
    found = results.read_all(case.name for case in CASES)
    PAGE.write_text(report.page(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    print(report.gates(found))


if __name__ == "__main__":
    sys.exit(main())
