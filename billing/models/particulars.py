"""What an invoice must name and a contract's does not yet, as SQL conditions by code.

Each is true for a row of `contract`, read with its `customer` and the `seller`, who is the oldest legal
entity. They are the one place that says which particulars hold an invoice back; billing, previews, approvals
and the trigger on invoices all ask for them by way of `WAITS`.
"""

HAS_PARTS = "btrim(concat({0}.street, {0}.post_code, {0}.city), E' \\t\\r\\n') <> ''"
HAS_ADDRESS = f"""CASE WHEN {HAS_PARTS}
    THEN {{0}}.country <> '' AND btrim(concat({{0}}.street, {{0}}.city), E' \\t\\r\\n') <> ''
    ELSE btrim({{0}}.address, E' \\t\\r\\n') <> ''
END"""
"""Of a table with the columns of a party: parts with a country, or a text that nobody could split."""
LACKS = {
    "buyer_address": f"seller.requires_buyer_address AND NOT {HAS_ADDRESS.format('customer')}",
    "tax_undecided": """
        customer.tax_rate IS NULL AND (
            seller.default_tax_rate IS NULL
            OR seller.country <> '' AND CASE WHEN customer.country <> ''
                THEN customer.country <> seller.country
                ELSE seller.vat_currency NOT IN ('', contract.currency)
            END
        )
    """,
    "seller_tax_id": """
        coalesce(customer.tax_rate, seller.default_tax_rate, 0) > 0
        AND seller.vat_id = '' AND seller.tax_number = ''
    """,
    "po_missing": "customer.po_required AND contract.po_number = ''",
}


def _lacking(condition: str) -> str:
    return f"""EXISTS (
        SELECT 1 FROM contracts_customer customer, (
            SELECT * FROM billing_legalentity ORDER BY id LIMIT 1
        ) seller
        WHERE customer.id = contract.customer_id AND ({condition})
    )"""  # noqa: S608  constants


WAITS_BY_ITSELF: dict[str, str] = {code: _lacking(condition) for code, condition in LACKS.items()}
"""Conditions on what is stored elsewhere, by code: SQL that is true for a row of `contract` that waits."""
WAITS = " OR ".join(
    [
        "EXISTS (SELECT 1 FROM billing_billingwait wait WHERE wait.contract_id = contract.id)",
        _lacking(" OR ".join(f"({condition})" for condition in LACKS.values())),
    ]
)
"""SQL that is true for a row of `contract` whose billing waits for any reason. See schedules/waiting.py."""
