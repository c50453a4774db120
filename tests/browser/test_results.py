"""Background work that has ended shows its result automatically, unless that would lose what somebody has typed."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from playwright.sync_api import Page, expect

from billing.tasks import request_billing
from contracts.models import Customer
from fincelo.enums import WorkState
from fincelo.models import BackgroundWork
from tests.billing.builders import Deal, ensure_legal_entity, sign

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(200),
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.parametrize("typed", ["", "pay@acme.example"])
def test_result_of_billing_appears_where_nothing_was_typed(
    page: Page, sign_in: Callable[[User], None], typed: str
) -> None:
    root = User.objects.create_superuser("root", password="a password of root")
    ensure_legal_entity()
    sign(Deal())
    request_billing(actor_id=root.pk)
    sign_in(root)
    page.goto(f"/customers/{Customer.objects.get().pk}/")
    page.evaluate("document.body.dataset.first = ''")
    first = page.locator("body[data-first]")
    if typed:
        page.get_by_label("Billing e-mail").fill(typed)

    BackgroundWork.objects.update(state=WorkState.DONE, ended_at=Now())

    if typed:
        expect(page.get_by_role("link", name="Show the result")).to_be_visible()
        page.wait_for_timeout(500)
        expect(page.get_by_label("Billing e-mail")).to_have_value(typed)
    else:
        expect(first).to_have_count(0)
        expect(page.get_by_text("waits for the worker")).to_have_count(0)
    expect(first).to_have_count(1 if typed else 0)
