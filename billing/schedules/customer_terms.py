"""What is billed to one customer otherwise than to all: its tax rate and its days to pay."""

from django.contrib.auth.models import AbstractBaseUser

from contracts.models import Customer
from contracts.particulars import change_particulars


def change_billing_terms(
    *, customer: Customer, tax_rate: int | None, payment_terms_days: int | None, actor: AbstractBaseUser
) -> None:
    """For invoices from now on. None takes what the legal entity has. The rate is kept here from now on."""
    values = {"tax_rate": tax_rate, "payment_terms_days": payment_terms_days}
    change_particulars(customer=customer, values=values, actor=actor, action="Billing terms changed")
