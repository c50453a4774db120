"""What is billed to one customer otherwise than to all: its tax rate and its days to pay."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from contracts import audit
from contracts.models import Customer


def change_billing_terms(
    *, customer: Customer, tax_rate: int | None, payment_terms_days: int | None, actor: AbstractBaseUser
) -> None:
    """For invoices from now on. None takes what the legal entity has."""
    with transaction.atomic():
        locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        before = {"tax_rate": locked.tax_rate, "payment_terms_days": locked.payment_terms_days}
        after = {"tax_rate": tax_rate, "payment_terms_days": payment_terms_days}
        if after == before:
            return
        locked.tax_rate, locked.payment_terms_days = tax_rate, payment_terms_days
        locked.save(update_fields=["tax_rate", "payment_terms_days"])
        audit.record(actor=actor, action="Billing terms changed", subject=locked, before=before, after=after)
