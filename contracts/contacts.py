"""Where a customer's invoices go, and in which language."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from contracts.models import Customer


def change_contact(*, customer: Customer, billing_email: str, language: str, actor: AbstractBaseUser) -> None:
    before = {"billing_email": customer.billing_email, "language": customer.language}
    after = {"billing_email": billing_email, "language": language}
    if before == after:
        return
    with transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(**after, updated_at=Now())
        audit.record(
            actor=actor, action="Billing contact changed", subject=customer, before=before, after=after
        )
