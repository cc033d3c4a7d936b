"""`python -m bench [CASE …]`: measure, print the tables, write the figures and the page. Without a case: all."""

import argparse
import sys

from bench.cases import CASES
from bench.harness import report, results
from bench.harness.case import Case, SkippedError
from bench.harness.cores import Cores, pin
from bench.harness.environment import environment
from bench.harness.load import WrongAnswerError
from bench.harness.measure import UnstableError


def main() -> int:
    """Run the cases asked for; 1 if one of them could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[[], *(case.name for case in CASES)], metavar="CASE")
    wanted = parser.parse_args().cases
    cores = Cores.of_this_machine()
    pin(cores.others)
    outcomes = [_run(case, cores) for case in CASES if not wanted or case.name in wanted]
    print(report.gates(found for case in CASES if (found := results.read(case.name))))
    return 0 if all(outcomes) else 1


def _run(case: Case, cores: Cores) -> bool:
    print(f"{case.name} …", file=sys.stderr, flush=True)
    try:
        found = results.Result(case=case.name, title=case.title, environment=environment(), tables=case.run(cores))
    except SkippedError as reason:
        print(f"{case.name}: skipped. {reason}", flush=True)
        return True
    except (UnstableError, WrongAnswerError) as reason:
        print(f"{case.name}: not measured. {reason}", flush=True)
        return False
    results.write(found)
    print(f"{report.tables(found)}\n", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
