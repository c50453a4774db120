"""Why the billing of a contract waits, with the page that ends it."""

from collections.abc import Sequence

from billing.enums import WaitCode
from billing.waiting import Reason
from crm_sync.models import CrmDeal

ASKED_ON_THE_CONNECTION = (WaitCode.MANY_DEALS, WaitCode.LARGE_VALUE, WaitCode.NOT_SHOWN)


def shown_reasons(reasons: Sequence[Reason], *, deal: CrmDeal | None) -> list[dict[str, str]]:
    """What the page of a contract shows of each reason. A code whose cure is elsewhere gets its link here."""
    return [
        {"sentence": reason.sentence, "next_step": reason.next_step, **cure(reason, deal=deal)}
        for reason in reasons
    ]


def cure(reason: Reason, *, deal: CrmDeal | None) -> dict[str, str]:
    if reason.code in ASKED_ON_THE_CONNECTION and deal is not None:
        return {"url": f"{deal.connection.get_absolute_url()}#start-billing", "label": "Look at them"}
    return {"url": "", "label": ""}
