"""Where a customer's invoices go, and in which language."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from contracts.models import Customer
from contracts.particulars import change_particulars


def change_contact(*, customer: Customer, billing_email: str, language: str, actor: AbstractBaseUser) -> None:
    """The e-mail is kept here from now on, whatever the CRM says."""
    if language != customer.language:
        with transaction.atomic():
            Customer.objects.filter(pk=customer.pk).update(language=language, updated_at=Now())
            audit.record(
                actor=actor,
                action="Billing contact changed",
                subject=customer,
                before={"language": customer.language},
                after={"language": language},
            )
    change_particulars(customer=customer, values={"billing_email": billing_email}, actor=actor)
