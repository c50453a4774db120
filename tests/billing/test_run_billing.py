import json
import sys
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.enums import BillingTrigger, InstalmentState
from billing.models import BillingRun, Instalment, Invoice
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.travel import travel_to

pytestmark = pytest.mark.django_db

AS_OF = f"--as-of={TODAY}"


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


def run_billing(*args: str) -> str:
    out = StringIO()
    call_command("run_billing", *args, stdout=out)
    return out.getvalue().strip()


def result_of(*args: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run_billing(*args, "--json"))
    return result


def test_it_issues_what_is_due_and_says_so() -> None:
    sign(Deal(value="12000.00"), Deal(currency="JPY", value="120000"))

    assert run_billing(AS_OF) == "Issued 2 invoices dated 2026-11-22: JPY 10,000, USD 1,000.00."
    assert run_billing(AS_OF) == "No invoice was issued as of 2026-11-22."
    assert set(BillingRun.objects.values_list("trigger", "as_of")) == {(BillingTrigger.COMMAND.value, TODAY)}


def test_a_dry_run_writes_nothing() -> None:
    sign(Deal())

    assert run_billing(AS_OF, "--dry-run") == "Would issue 1 invoice dated 2026-11-22: USD 100.00."
    assert run_billing("--as-of=2026-11-21", "--dry-run") == ("No invoice would be issued as of 2026-11-21.")
    assert (Invoice.objects.count(), BillingRun.objects.count()) == (0, 0)


def test_json_is_one_object_with_the_same_keys() -> None:
    travel_to(date(2026, 12, 1))
    sign(Deal(start=date(2026, 12, 1)))

    dry = result_of("--as-of=2026-12-01", "--dry-run")
    done = result_of("--as-of=2026-12-01")

    expected = {
        "as_of": "2026-12-01",
        "dry_run": True,
        "run": None,
        "invoices": 1,
        "totals": {"USD": "100.00"},
        "drafted": {},
        "parked": {},
        "parked_because": [],
        "parked_before": {},
        "contracts_asking": 0,
        "contracts_asking_already": 0,
        "caught_up_since": None,
        "refusal": "",
        "contracts_started": 0,
        "contracts_completed": 0,
        "failed": 0,
        "problems": [],
    }
    assert dry == expected
    assert done == expected | {"dry_run": False, "run": BillingRun.objects.get().pk, "contracts_started": 1}


def test_a_contract_that_cannot_be_billed_fails_the_command() -> None:
    sign(Deal())
    run_billing(AS_OF)
    Instalment.objects.filter(sequence=1).update(state=InstalmentState.PLANNED)

    with pytest.raises(CommandError) as failure:
        run_billing(AS_OF)

    assert str(failure.value) == (
        "Acme subscription: The database refused the invoice: one_live_invoice_per_instalment."
    )


def test_a_refused_day_fails_the_command() -> None:
    sign(Deal())
    run_billing(AS_OF)
    sign(Deal(start=date(2026, 11, 20)))

    with pytest.raises(CommandError) as failure:
        run_billing("--as-of=2026-11-21")

    assert str(failure.value) == (
        "Invoices dated 2026-11-22 are issued already, so none can be dated 2026-11-21. "
        "Bill as of 2026-11-22 or later, or void what is dated 2026-11-22 if it has not been sent: that frees "
        "the days before."
    )


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "22.11.2026", ""])
def test_a_day_that_is_none_is_a_usage_error(day: str) -> None:
    with pytest.raises(CommandError) as failure:
        run_billing(f"--as-of={day}")

    assert str(failure.value) == f"Error: argument --as-of: {day!r} is not a day like 2026-11-30."


@pytest.mark.parametrize("has_terminal", [False, True])
def test_a_day_ahead_is_only_previewed(monkeypatch: pytest.MonkeyPatch, has_terminal: bool) -> None:
    travel_to(TODAY)
    sign(Deal(start=date(2026, 12, 20)), as_of=TODAY)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: has_terminal)
    printed = StringIO()

    with pytest.raises(CommandError) as refusal:
        call_command("run_billing", "--as-of=2026-12-20", stdout=printed)

    assert printed.getvalue() == "Would issue 1 invoice dated 2026-12-20: USD 100.00.\n"
    assert str(refusal.value) == (
        "Nothing was issued. 2026-12-20 lies after today, 2026-11-22, and no invoice gets a date ahead: the day "
        "can only be previewed. Bill without a day to issue what is due today, or come back on that day."
    )
    assert (Invoice.objects.count(), BillingRun.objects.count()) == (0, 0)


def test_a_wrong_clock_of_the_machine_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    sign(Deal())
    ahead = timezone.now() + timedelta(days=40)
    monkeypatch.setattr(timezone, "now", lambda: ahead)

    with pytest.raises(CommandError, match="They differ by more than 2 minutes, so nothing was done"):
        run_billing(AS_OF)

    assert Invoice.objects.count() == 0
