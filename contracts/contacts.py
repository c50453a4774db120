"""Where a customer's invoices go, and in which language."""

from django.contrib.auth.models import AbstractBaseUser

from contracts.models import Customer
from contracts.particulars import change_particulars


def change_contact(*, customer: Customer, billing_email: str, language: str, actor: AbstractBaseUser) -> None:
    """The e-mail is kept here from now on, whatever the CRM says."""
    change_particulars(
        customer=customer,
        values={"billing_email": billing_email, "language": language},
        actor=actor,
        action="Billing contact changed",
    )
