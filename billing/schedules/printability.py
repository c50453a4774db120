"""Contracts whose invoices would hold letters that no font has wait until they can be printed."""

from collections.abc import Collection

from django.db import connection, transaction

from billing.documents.fonts import is_printable
from billing.enums import WaitCode
from billing.locks import lock_contracts
from billing.models import BillingWait
from billing.schedules.waiting import wait_for
from contracts.bulk import as_array
from contracts.models import Contract, Customer

_TEXTS = f"""
    SELECT id, texts, is_waiting FROM (
        SELECT
            contract.id,
            concat_ws(
                E'\\n', coalesce(nullif(customer.printed_name, ''), customer.name), contract.name,
                contract.po_number, customer.street, customer.post_code, customer.city, customer.region,
                customer.address, customer.vat_id, customer.tax_number, customer.company_id,
                (
                    SELECT string_agg(CASE field.home
                        WHEN 'customer' THEN customer.custom_fields ->> field.label
                        ELSE contract.custom_fields ->> field.label
                    END, E'\\n')
                    FROM contracts_customfield field WHERE field.on_invoice
                )
            ) AS texts,
            EXISTS (
                SELECT 1 FROM billing_billingwait wait
                WHERE wait.contract_id = contract.id AND wait.code = '{WaitCode.UNPRINTABLE.value}'
            ) AS is_waiting
        FROM contracts_contract contract
        JOIN contracts_customer customer ON customer.id = contract.customer_id
        WHERE contract.id = ANY(%s::bigint[])
    ) printed
    WHERE is_waiting OR texts ~ '[^\\t\\n\\r\\x20-\\x7e]'
"""  # noqa: S608  constants


def note_unprintable(*, contract_ids: Collection[int]) -> None:
    """Makes contracts wait whose texts cannot all be printed, and ends the wait of those whose can be.

    In the caller's transaction, who has made or locked the contracts.
    """
    if not contract_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS, [as_array(contract_ids)])
        rows = cursor.fetchall()
    bad = {key for key, texts, _ in rows if not is_printable(texts)}
    known = {key for key, _, is_waiting in rows if is_waiting}
    if new := bad - known:
        wait_for(code=WaitCode.UNPRINTABLE, contract_ids=new)
    if gone := known - bad:
        BillingWait.objects.filter(code=WaitCode.UNPRINTABLE, contract__in=gone).delete()


def note_unprintable_of(*, customer: Customer) -> None:
    """After something of a customer has changed."""
    with transaction.atomic():
        ids = list(Contract.objects.suspendable().filter(customer=customer).values_list("pk", flat=True))
        lock_contracts(contract_ids=ids)
        note_unprintable(contract_ids=ids)


def recheck_unprintable() -> None:
    """Frees what can be printed by now. In the caller's transaction."""
    waiting = BillingWait.objects.filter(code=WaitCode.UNPRINTABLE)
    ids = list(waiting.values_list("contract_id", flat=True))
    if ids:
        lock_contracts(contract_ids=ids)
        note_unprintable(contract_ids=ids)
