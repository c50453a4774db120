import pytest

from billing.models import BillingRun
from billing.tasks import bill_due
from contracts.clock import business_day

pytestmark = pytest.mark.django_db


def test_the_hourly_task_bills_up_to_today() -> None:
    bill_due()

    run = BillingRun.objects.get()
    assert (run.trigger, run.state) == ("schedule", "done")
    assert run.as_of == business_day()
