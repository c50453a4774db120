"""What the tests of the admin share: a row of everything, who looks at it, and where."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from billing.enums import BillingTrigger, LimitKind, WaitCode
from billing.issuing.invoicing import invoice_due
from billing.issuing.policy import put_limit
from billing.models import (
    BillingPolicy,
    BillingWait,
    ContractChange,
    CreditNoteRendering,
    Invoice,
    InvoiceRendering,
    Letterhead,
    Mailing,
)
from billing.receivables.crediting import request_credit
from billing.receivables.payment_imports import import_payments
from contracts import audit
from contracts.enums import CustomFieldHome
from contracts.models import CustomField, Workspace
from contracts.money import Money
from crm_sync.enums import HoldCode, Outcome
from crm_sync.models import Connection, CrmAccount, HoldPolicy
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.crm_sync.page_rows import connect, deal, hold, ran, recorded

BAD = "<script>alert(1)</script>"


def staff(group: str) -> Client:
    """A browser of somebody who is in this group, with the rights a migrate gives it."""
    user = User.objects.create_user(group.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def fill(name: str = "Salesforce") -> Connection:
    """At least one row of everything."""
    connection = connect(name)
    (contract,) = sign(Deal())
    entity = ensure_legal_entity()
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    Mailing.objects.get_or_create()
    Letterhead.objects.get_or_create(legal_entity=entity, defaults={"footer": BAD})
    for invoice in contract.invoices.all():
        InvoiceRendering.objects.create(invoice=invoice, sha256="0" * 64)
        invoice.mails.update(problem=BAD)
    settle()
    BillingWait.objects.create(contract=contract, code=WaitCode.MANY_DEALS)
    ContractChange.objects.create(
        contract=contract, kind="crm_change", before={"deal": BAD}, after={"deal": BAD}
    )
    run = ran(connection, created=1, held=1)
    recorded(
        run, deal(connection, "006A", name=BAD, contract=contract), Outcome.CREATED, trace=[{"field": BAD}]
    )
    held = deal(connection, "006B")
    recorded(run, held, Outcome.HELD, code=HoldCode.AMOUNT_MISSING)
    hold(held)
    CrmAccount.objects.create(org=connection.org, external_id=f"001{name}", customer=contract.customer)
    CustomField.objects.get_or_create(home=CustomFieldHome.CONTRACT, label=BAD)
    Workspace.objects.get_or_create(pk=1)
    HoldPolicy.objects.get_or_create(pk=1)
    audit.record(actor=None, action="tested", subject=connection)
    return connection


def settle() -> None:
    """A credit note and a payment of the newest invoice."""
    invoice = Invoice.objects.latest("pk")
    clerk, _ = User.objects.get_or_create(username="clerk")
    BillingPolicy.objects.get_or_create(pk=1)
    put_limit(kind=LimitKind.INVOICE, amount=Money(minor=10**9, currency="USD"), actor=clerk)
    note = request_credit(invoice=invoice, amount=1_000, reason=BAD, as_of=TODAY, actor=clerk)
    CreditNoteRendering.objects.create(credit_note=note, sha256="0" * 64)
    file = f"invoice,amount,currency,date\n{invoice.number},1,USD,{TODAY}\n{BAD},1,USD,{TODAY}\n"
    import_payments(file_name=f"{invoice.number}.csv", content=file.encode(), as_of=TODAY, actor=clerk)


def listing(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
