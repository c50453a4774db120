"""Takes a database with documents in it back to the first migrations and forth again, in a process of its own."""

import json
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402  the settings come first
from django.db import connection  # noqa: E402
from django.test.utils import override_settings  # noqa: E402

from billing.enums import BillingTrigger  # noqa: E402
from billing.issuing.invoicing import invoice_due  # noqa: E402
from billing.mailing.bouncing import mark_bounced  # noqa: E402
from billing.mailing.sending import send_waiting  # noqa: E402
from billing.models import Invoice, InvoiceMail  # noqa: E402
from billing.receivables.crediting import request_credit  # noqa: E402
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign  # noqa: E402
from tests.billing.moved_on import move_on  # noqa: E402
from tests.billing.people import person  # noqa: E402

STATES = ("issued", "part_paid", "paid", "credited", "void")


def write_documents() -> None:
    """Invoices in every state, some with mails that were sent or bounced, and both series of numbers."""
    ensure_legal_entity(default_tax_rate=19_000)
    sign(*[Deal(customer=state) for state in STATES], Deal(customer="Mailed"), Deal(customer="Bounced"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    invoices = list(Invoice.objects.order_by("sequence"))
    for invoice, state in zip(invoices, STATES, strict=False):
        move_on(invoice, to=state)
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        send_waiting()
    request_credit(
        invoice=invoices[-2], amount=100, reason="x", as_of=TODAY, actor=person("clerk", group="Approver")
    )
    mark_bounced(mail=InvoiceMail.objects.get(invoice=invoices[-1]), reason="x", actor=None)


def documents() -> list[list[object]]:
    """What no migration may change, read without the models."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT invoice.number, invoice.issue_date::text, invoice.total_minor, invoice.buyer ->> 'name',
                line.amount_minor
            FROM billing_invoice invoice JOIN billing_invoiceline line ON line.invoice_id = invoice.id
            ORDER BY invoice.sequence
            """
        )
        return [list(row) for row in cursor.fetchall()]


def main(*targets: str) -> None:
    write_documents()
    seen = {"at first": documents()}
    for target in targets:
        call_command("migrate", *target.split("."), verbosity=0)
        seen[f"back at {target}"] = documents()
    call_command("migrate", verbosity=0)
    seen["forth"] = documents()
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
