"""What stops money from being billed, as a banner on every page."""

from django.urls import reverse

from billing.enums import BillingRunState
from billing.issuing.restoring import restore_sign
from billing.models import BillingRun, LegalEntity
from contracts.money import Money
from contracts.writing import write_day, write_money, write_number


def parked_runs() -> list[dict[str, str]]:
    return [
        {
            "tone": "wait",
            "what": f"The billing run of {write_day(run.as_of)} parked {sentence(run)}.",
            "why": "That is more than three times the usual. None of it is billed until someone decides.",
            "cure_label": "Decide",
            "cure_url": reverse("approvals"),
        }
        for run in BillingRun.objects.filter(state=BillingRunState.PARKED).order_by("pk")
    ]


def sentence(run: BillingRun) -> str:
    """How many invoices of how much: 7 invoices of USD 7.00, EUR 3.00."""
    count = sum(entry["invoices"] for entry in run.parked)
    parked = [Money(minor=entry["minor"], currency=entry["currency"]) for entry in run.parked]
    amounts = ", ".join(write_money(amount) for amount in parked)
    return f"{write_number(count)} {'invoice' if count == 1 else 'invoices'} of {amounts}"


def restored_database() -> list[dict[str, str]]:
    sign = restore_sign()
    if sign is None:
        return []
    return [
        {
            "tone": "bad",
            "what": f"Nothing is issued or mailed: {sign.label[0].lower()}{sign.label[1:]}",
            "why": "A number that a customer has must never be given again.",
            "cure_label": "Compare the numbers",
            "cure_url": reverse("restored"),
        }
    ]


def incomplete_legal_entity() -> list[dict[str, str]]:
    """What the company cannot name on its invoices yet."""
    entity = LegalEntity.objects.order_by("pk").first()
    if entity is None or entity.missing:
        missing = entity.missing if entity else "name and address"
        return [
            _gap(
                what=f"No invoice is issued: the {missing} of your company is missing.",
                why="An invoice is legal only with the name and address of who sends it.",
            )
        ]
    if entity.needs_tax_id:
        return [
            _gap(
                what="No invoice with tax is issued: your company has neither VAT ID nor tax number.",
                why="An invoice with tax is legal only with the number under which you pay it.",
            )
        ]
    return []


def _gap(*, what: str, why: str) -> dict[str, str]:
    return {
        "tone": "bad",
        "what": what,
        "why": why,
        "cure_label": "Enter it",
        "cure_url": reverse("legal-entity"),
    }
