"""Who decides what is billed. What others decide waits for them before a first invoice."""

from django.contrib.auth.models import AbstractBaseUser

DECIDES_BILLING = "contracts.approve_contract"


def decides_billing(actor: AbstractBaseUser | None) -> bool:
    """Commands and tasks act for whoever runs the machine."""
    return actor is None or actor.has_perm(DECIDES_BILLING)  # type: ignore[attr-defined]
