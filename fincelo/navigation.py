"""What the navigation offers, and to whom."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    label: str
    url_name: str
    icon: str
    permission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    label: str
    url: str
    icon: str
    is_current: bool
    counts: str
    """The name of the count in the context that the link shows; empty for a page that counts nothing."""


WORK = (
    Entry(label="Contracts", url_name="contracts", icon="contract", permission="contracts.view_contract"),
    Entry(label="Customers", url_name="customers", icon="customer", permission="contracts.view_customer"),
    Entry(label="Invoices", url_name="invoices", icon="invoice", permission="billing.view_invoice"),
    Entry(label="Approvals", url_name="approvals", icon="check", permission="billing.approve_invoice"),
    Entry(label="Credit notes", url_name="credit-notes", icon="return", permission="billing.view_creditnote"),
    Entry(label="Payments", url_name="payments", icon="payment", permission="billing.view_payment"),
    Entry(label="Mail", url_name="mails", icon="sent", permission="billing.view_invoicemail"),
    Entry(label="CRM changes", url_name="changes", icon="sync", permission="billing.view_contractchange"),
    Entry(label="Holds", url_name="holds", icon="hold", permission="crm_sync.view_hold"),
    Entry(label="Sync History", url_name="sync-history", icon="history", permission="crm_sync.view_syncrun"),
    Entry(label="Tie-out", url_name="tie-out", icon="equal", permission="crm_sync.view_tieout"),
)
SETTINGS = (
    Entry(
        label="CRM Integration",
        url_name="connections",
        icon="connection",
        permission="crm_sync.view_connection",
    ),
    Entry(
        label="Field Mapping",
        url_name="field-mapping",
        icon="mapping",
        permission="crm_sync.view_fieldmapping",
    ),
    Entry(
        label="Custom fields",
        url_name="custom-fields",
        icon="pencil",
        permission="contracts.view_customfield",
    ),
    Entry(
        label="Hold reminders",
        url_name="hold-settings",
        icon="hold",
        permission="crm_sync.view_holdpolicy",
    ),
    Entry(
        label="Billing",
        url_name="billing-settings",
        icon="clock",
        permission="billing.view_billingpolicy",
    ),
    Entry(
        label="Legal entity",
        url_name="legal-entity",
        icon="person",
        permission="billing.view_legalentity",
    ),
    Entry(
        label="Invoices and Mail",
        url_name="invoice-settings",
        icon="invoice",
        permission="billing.view_letterhead",
    ),
    Entry(label="Health", url_name="health", icon="info", permission="fincelo.view_invariantresult"),
)
COUNTED = {"holds": "open_hold_count", "changes": "open_change_count"}


def links(
    *, entries: tuple[Entry, ...], user: PermissionsMixin | AbstractBaseUser | AnonymousUser, path: str
) -> list[Link]:
    """The entries this user may open; the one whose address is the longest beginning of `path` is current."""
    reachable = [
        (entry, url)
        for entry in entries
        if user.has_perm(entry.permission) and (url := _reverse(entry.url_name))  # type: ignore[union-attr]
    ]
    current = max((url for _, url in reachable if path.startswith(url)), key=len, default=None)
    return [
        Link(
            label=entry.label,
            url=url,
            icon=entry.icon,
            is_current=url == current,
            counts=COUNTED.get(entry.url_name, ""),
        )
        for entry, url in reachable
    ]


def _reverse(url_name: str) -> str | None:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return None
