"""One page that finds whatever stands on a page, of each kind what this person may see."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from billing.models import CreditNote, Invoice, Payment
from billing.overview import searching
from billing.receivables.bank_values import cleaned
from contracts.models import Contract, Customer
from contracts.money import Money
from contracts.writing import write_day
from crm_sync.models import CrmDeal
from crm_sync.oversight.deal_references import read_reference
from crm_sync.views.access import VIEW_HISTORY
from fincelo.navigation import SETTINGS, WORK
from fincelo.rights import signed_in_only

LONGEST = 200
DEALS = "crm_sync.view_crmdeal"
User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One record: its kind, its name, what tells it from others, and where it is."""

    label: str
    url: str
    detail: str = ""
    state: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    label: str
    hits: Sequence[Hit]


@signed_in_only
def search(request: HttpRequest) -> HttpResponse:
    text = " ".join(cleaned(request.GET.get("q", "")).split())[:LONGEST]
    groups = [group for group in _groups(text, request.user) if group.hits] if text else []
    only = groups[0].hits[0] if len(groups) == 1 and len(groups[0].hits) == 1 else None
    if only and only.label.upper() == searching.as_printed(text):
        return redirect(only.url)
    context: dict[str, Any] = {
        "text": text,
        "groups": groups,
        "count": sum(len(group.hits) for group in groups),
        "longest": LONGEST,
    }
    if text and request.user.has_perm(VIEW_HISTORY):
        context["why_url"] = f"{reverse('why')}?{urlencode({'deal': text})}"
    return render(request, "crm_sync/oversight/search.html", context)


def _groups(text: str, user: User) -> Iterator[Group]:
    amount = searching.read_amount(text)
    finders: list[tuple[str, str, list[Callable[[], Sequence[Any]]]]] = [
        ("Invoices", "billing.view_invoice", [lambda: searching.invoices_by_number(text)]),
        ("Credit notes", "billing.view_creditnote", [lambda: searching.credit_notes_by_number(text)]),
        (
            "Customers",
            "contracts.view_customer",
            [
                lambda: searching.customers_by_mail(text),
                lambda: searching.customers_by_words(text),
                lambda: searching.customers_by_tax_id(text),
            ],
        ),
        (
            "Contracts",
            "contracts.view_contract",
            [lambda: searching.contracts_by_po(text), lambda: searching.contracts_by_words(text)],
        ),
        ("Invoices with this PO number", "billing.view_invoice", [lambda: searching.invoices_by_po(text)]),
        ("Deals", DEALS, [lambda: _deals(text)]),
    ]
    if amount:
        finders += [
            (
                "Invoices of this amount",
                "billing.view_invoice",
                [lambda: searching.invoices_by_amount(amount)],
            ),
            (
                "Credit notes of this amount",
                "billing.view_creditnote",
                [lambda: searching.credit_notes_by_amount(amount)],
            ),
            (
                "Payments of this amount",
                "billing.view_payment",
                [lambda: searching.payments_by_amount(amount)],
            ),
            (
                "Contracts of this value",
                "contracts.view_contract",
                [lambda: searching.contracts_by_amount(amount)],
            ),
        ]
    for label, right, look_ups in finders:
        if user.has_perm(right):  # type: ignore[union-attr]
            found = {(type(row), row.pk): row for look_up in look_ups for row in look_up()}
            yield Group(label=label, hits=[_hit(row) for row in list(found.values())[: searching.MOST]])
    yield Group(label="Pages", hits=_pages(text, user))


def _deals(text: str) -> list[CrmDeal]:
    """By id or link; names of deals are those of their contracts."""
    try:
        reference = read_reference(text)
    except ValueError:
        return []
    if not reference.external_id:
        return []
    found = CrmDeal.objects.select_related("contract", "connection").filter(external_id=reference.external_id)
    return list(found.order_by("-id")[: searching.MOST])


def _hit(row: Any) -> Hit:
    return _HITS[type(row)](row)


def _invoice(row: Invoice) -> Hit:
    return Hit(
        label=str(row),
        url=row.get_absolute_url(),
        detail=row.buyer.get("name", row.customer.name),
        state=row.get_state_display(),
        amount=str(Money(minor=row.total_minor, currency=row.currency)),
    )


def _credit_note(row: CreditNote) -> Hit:
    return Hit(
        label=str(row),
        url=row.get_absolute_url(),
        detail=f"{row.customer.name}, takes back {row.invoice}",
        state=row.get_state_display(),
        amount=str(Money(minor=row.total_minor, currency=row.currency)),
    )


def _customer(row: Customer) -> Hit:
    return Hit(label=row.name, url=row.get_absolute_url(), detail=row.billing_email)


def _contract(row: Contract) -> Hit:
    return Hit(
        label=row.name,
        url=row.get_absolute_url(),
        detail=", ".join(filter(None, [row.customer.name, row.po_number and f"PO {row.po_number}"])),
        state=row.get_state_display(),
        amount=str(Money(minor=row.value_minor, currency=row.currency)),
    )


def _payment(row: Payment) -> Hit:
    return Hit(
        label=f"Payment for {row.invoice}",
        url=row.invoice.get_absolute_url(),
        detail=", ".join(filter(None, [row.invoice.customer.name, row.reference])),
        state=write_day(row.received_date),
        amount=str(Money(minor=row.amount_minor, currency=row.currency)),
    )


def _deal(row: CrmDeal) -> Hit:
    url = reverse("why") + f"?{urlencode({'deal': row.external_id})}"
    if row.contract:
        url = row.contract.get_absolute_url()
    elif hold := row.holds.order_by("-id").first():
        url = reverse("hold", args=[hold.pk])
    return Hit(
        label=row.name or row.external_id,
        url=url,
        detail=f"{row.connection}, id {row.external_id}",
        state=row.get_state_display(),
    )


_HITS: dict[type, Callable[[Any], Hit]] = {
    Invoice: _invoice,
    CreditNote: _credit_note,
    Customer: _customer,
    Contract: _contract,
    Payment: _payment,
    CrmDeal: _deal,
}


def _pages(text: str, user: User) -> list[Hit]:
    return [
        Hit(label=entry.label, url=reverse(entry.url_name))
        for entry in (*WORK, *SETTINGS)
        if text.casefold() in entry.label.casefold() and user.has_perm(entry.permission)  # type: ignore[union-attr]
    ]
