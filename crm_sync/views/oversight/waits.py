"""Why the billing of a contract waits, with the page that ends it."""

from collections.abc import Sequence

from django.urls import reverse

from billing.enums import WaitCode
from billing.schedules.waiting import OF_THE_CUSTOMER, Reason
from crm_sync.models import CrmDeal

ASKED_ON_THE_CONNECTION = (WaitCode.MANY_DEALS, WaitCode.LARGE_VALUE, WaitCode.NOT_SHOWN)


def shown_reasons(
    reasons: Sequence[Reason], *, deal: CrmDeal | None, customer_id: int
) -> list[dict[str, str]]:
    """What the page of a contract shows of each reason. A code whose cure is elsewhere gets its link here."""
    return [
        {
            "sentence": reason.sentence,
            "next_step": reason.next_step,
            **cure(reason, deal=deal, customer_id=customer_id),
        }
        for reason in reasons
    ]


def cure(reason: Reason, *, deal: CrmDeal | None, customer_id: int) -> dict[str, str]:
    if reason.code in ASKED_ON_THE_CONNECTION and deal is not None:
        return {"url": f"{deal.connection.get_absolute_url()}#start-billing", "label": "Look at them"}
    if reason.code == WaitCode.TAX_UNDECIDED:
        return {"url": f"{reverse('customer', args=[customer_id])}#terms", "label": "Decide on the customer"}
    if reason.code in OF_THE_CUSTOMER:
        return {"url": reverse("customer-details", args=[customer_id]), "label": "Enter it on the customer"}
    if reason.code == WaitCode.SELLER_TAX_ID:
        return {"url": reverse("legal-entity"), "label": "Enter it"}
    return {"url": "", "label": ""}
