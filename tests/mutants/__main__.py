"""`python -m tests.mutants [module ...] [--tests test ...] [--function name ...] [--sample number]`

Without modules: all of MODULES. It prints what survives, and ends with 1 where less than 95 % of the changes that
survivors.csv does not explain are noticed, or a survivor is not explained there.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.modules import MODULES, TESTS
from tests.mutants.running import Hunt, Verdict

SURVIVORS = Path(__file__).parent / "survivors.csv"
WANTED = 95


def explained() -> dict[tuple[str, str, str], str]:
    with SURVIVORS.open(newline="") as file:
        return {(row["module"], row["function"], row["change"]): row["why"] for row in csv.DictReader(file)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--tests", nargs="*", default=TESTS)
    parser.add_argument("--function", nargs="*", default=())
    parser.add_argument(
        "--sample", type=int, help="of a module with more changes, this many, always the same"
    )
    parser.add_argument("--memory", type=Path, help="a file that keeps which test reaches what")
    asked = parser.parse_args()

    reasons = explained()
    found: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    known: Counter[str] = Counter()
    unexplained = 0

    def note(verdict: Verdict) -> None:
        nonlocal unexplained
        found[verdict.path] += 1
        killed[verdict.path] += verdict.is_killed
        change = verdict.change
        reason = reasons.get((verdict.path, change.function, change.name))
        if not verdict.is_killed:
            known[verdict.path] += reason is not None
            unexplained += reason is None
            print(
                f"{verdict.path}:{min(change.lines, default=0)} {change.function}: {change.name}", flush=True
            )
            print(f"    {reason or verdict.by}", flush=True)
        elif reason:
            print(
                f"{verdict.path} {change.function}: {change.name}: noticed now, by {verdict.by}", flush=True
            )

    hunt = Hunt(asked.modules, frozenset(asked.function), asked.sample, asked.memory, note)
    options = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=no", "-o", "timeout=0"]
    pytest.main([*options, "-m", "not slow and not browser", *asked.tests], plugins=[hunt])

    for path in found:
        print(f"{path}: {killed[path]} of {found[path]}, {known[path]} explained")
    share = 100 * killed.total() / max(found.total() - known.total(), 1)
    print(
        f"{killed.total()} of {found.total()} noticed, {known.total()} explained, {unexplained} not "
        f"({share:.1f} % of those not explained are noticed)"
    )
    return 1 if unexplained or share < WANTED else 0


if __name__ == "__main__":
    sys.exit(main())
