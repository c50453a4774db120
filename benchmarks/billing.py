"""Bills many instalments that are due at once, beside the least that billing can be, and prints a table.

    python -m benchmarks.billing [--due N] [--rounds N] [--mixed]

Each measurement has an equal copy of one database to itself. The ways take turns, forwards and backwards, so
that what else the machine does falls on all of them. First our own way bills a quarter, half and all of it,
each in a database of that size, and the largest memory that the process ever had is noted after each.
"""

from benchmarks.start import start

start()

import argparse  # noqa: E402  Django first
import resource  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Mapping, Sequence  # noqa: E402
from statistics import median  # noqa: E402

from django.conf import settings  # noqa: E402

from benchmarks import billing_floor  # noqa: E402
from benchmarks.billing_data import AS_OF, fill  # noqa: E402
from benchmarks.databases import copy_of, migrated  # noqa: E402
from billing.enums import BillingTrigger  # noqa: E402
from billing.issuing.invoicing import invoice_due  # noqa: E402
from fincelo import embedded_postgres  # noqa: E402

Way = Callable[[], int]


def ours() -> int:
    return invoice_due(as_of=AS_OF, trigger=BillingTrigger.COMMAND).issued


WAYS: Mapping[str, Way] = {
    "insert only": lambda: billing_floor.insert_only(as_of=AS_OF),
    "insert and mark": lambda: billing_floor.insert_and_mark(as_of=AS_OF),
    "insert whole rows and mark": lambda: billing_floor.insert_whole(as_of=AS_OF),
    "Fincelo": ours,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--due", type=int, default=100_000, metavar="N", help="Instalments that are due.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="How often each way is measured.")
    parser.add_argument(
        "--mixed", action="store_true", help="One to three due of a contract, four tax rates, two currencies."
    )
    options = parser.parse_args()
    try:
        memory = {
            due: memory_for(due=due, mixed=options.mixed)
            for due in (options.due // 4, options.due // 2, options.due)
        }
        seconds = measure(due=options.due, mixed=options.mixed, rounds=options.rounds)
    finally:
        embedded_postgres.stop(settings.EMBEDDED_POSTGRES)
    print_table(due=options.due, seconds=seconds)
    print("Peak memory of the process: " + ", ".join(f"{due:,}: {mib} MiB" for due, mib in memory.items()))


def memory_for(*, due: int, mixed: bool) -> int:
    with migrated(name="memory"):
        fill(due=due, mixed=mixed)
        bill(ours, due=due)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(*, due: int, mixed: bool, rounds: int) -> Mapping[str, Sequence[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    with migrated(name="billing") as filled:
        fill(due=due, mixed=mixed)
        billing_floor.make_tables()
        for turn in range(rounds):
            for name in list(WAYS)[:: -1 if turn % 2 else 1]:
                with copy_of(filled):
                    seconds[name].append(bill(WAYS[name], due=due))
    return seconds


def bill(way: Way, *, due: int) -> float:
    began = time.perf_counter()
    billed = way()
    took = time.perf_counter() - began
    if billed != due:
        raise SystemExit(f"{billed:,} of {due:,} were billed, so the figures say nothing.")
    return took


def print_table(*, due: int, seconds: Mapping[str, Sequence[float]]) -> None:
    whole = median(seconds["Fincelo"])
    print(f"{due:,} due instalments, median of {len(seconds['Fincelo'])}:")
    print(f"{'':28}{'seconds':>9}{'invoices a second':>19}{'Fincelo takes':>15}")
    for name, took in seconds.items():
        middle = median(took)
        print(f"{name:28}{middle:9.2f}{due / middle:19,.0f}{whole / middle:13.2f} x")


if __name__ == "__main__":
    main()
