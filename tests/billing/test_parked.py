"""What a run has parked: released at once, or decided contract by contract."""

import pytest
from django.contrib.auth.models import User

from billing.enums import BillingRunState, BillingTrigger, InstalmentState, ScheduleState
from billing.issuing.approving import UnableToApprove, ask_about_parked, release_parked
from billing.models import BillingRun, BillingSchedule, Instalment
from contracts.models import AuditEntry, Contract
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


def test_only_what_a_run_parked_is_released(clerk: User) -> None:
    sign(Deal(months=2))
    run, other = (
        BillingRun.objects.create(trigger=BillingTrigger.SCHEDULE, as_of=TODAY, state=BillingRunState.PARKED)
        for _ in "12"
    )
    first, second = Instalment.objects.order_by("sequence")
    Instalment.objects.filter(pk=first.pk).update(parked_by=run)
    Instalment.objects.filter(pk=second.pk).update(parked_by=other)

    release_parked(run=run, actor=clerk)

    assert list(Instalment.objects.order_by("sequence").values_list("parked_by", "is_cleared")) == [
        (None, True),
        (other.pk, False),
    ]
    assert list(BillingRun.objects.order_by("pk").values_list("state", flat=True)) == ["done", "parked"]


def test_only_contracts_of_what_a_run_parked_ask(approver: User) -> None:
    ours, ended, elsewhere, other, _ = sign(*[Deal(customer=name, months=1) for name in "ABCDE"])
    run, others = (
        BillingRun.objects.create(trigger=BillingTrigger.SCHEDULE, as_of=TODAY, state=BillingRunState.PARKED)
        for _ in "12"
    )
    Instalment.objects.filter(schedule__contract__in=[ours, ended, elsewhere]).update(parked_by=run)
    Instalment.objects.filter(schedule__contract=elsewhere).update(state=InstalmentState.BILLED_ELSEWHERE)
    Instalment.objects.filter(schedule__contract=other).update(parked_by=others)
    BillingSchedule.objects.filter(contract=ended).update(state=ScheduleState.ENDED)

    asked = ask_about_parked(run=run, actor=approver)

    assert asked == 1
    by_name = Contract.objects.order_by("pk")
    assert list(by_name.values_list("billing_schedule__state", "billing_schedule__asks_because")) == [
        ("asks", "many"),
        ("ended", "missed"),
        ("active", "missed"),
        ("active", "missed"),
        ("active", "missed"),
    ]
    assert list(by_name.values_list("billing_schedule__instalments__parked_by", flat=True)) == [
        None,
        None,
        None,
        others.pk,
        None,
    ]
    told = AuditEntry.objects.filter(action="Billing asks").order_by("object_id")
    assert list(told.values_list("object_id", flat=True)) == [ours.pk]
    decided = AuditEntry.objects.get(action="Parked billing decided contract by contract")
    assert (decided.object_id, decided.actor) == (run.pk, approver)
    assert list(BillingRun.objects.order_by("pk").values_list("state", flat=True)) == ["done", "parked"]
    with pytest.raises(UnableToApprove, match="is decided already"):
        ask_about_parked(run=run, actor=approver)
