"""What must be true of each invoice, credit note and payment."""

from billing.models.triggers import SETTLED_STATE
from billing.tax import TAX_SQL
from contracts.invariants import KNOWN_CURRENCIES, with_money
from fincelo.invariants import Invariant

_TAX = TAX_SQL.format(
    amount="(rate.net_minor + CASE WHEN invoice.prices_include_tax THEN rate.tax_minor ELSE 0 END)",
    rate="rate.rate",
    included="invoice.prices_include_tax",
)
_STATE = SETTLED_STATE.replace("NEW.", "invoice.")
CORRECT = "Credit it in full, so that its period can be billed rightly, and find out who changed it."

ALONE_ABOVE_LIMIT = """
    SELECT note.id, note.number, note.currency, taken.minor AS taken_minor, note.alone_limit_minor
    FROM billing_creditnote note
    CROSS JOIN LATERAL (
        SELECT sum(other.total_minor) AS minor FROM billing_creditnote other
        WHERE other.state = 'issued' AND other.customer_id = note.customer_id
          AND other.currency = note.currency
          AND other.requested_by_id = other.approved_by_id AND other.alone_limit_minor IS NOT NULL
          AND other.issue_date > note.issue_date - 30 AND other.issue_date <= note.issue_date
          AND other.sequence <= note.sequence AND other.year = note.year
    ) taken
    WHERE note.state = 'issued' AND note.requested_by_id = note.approved_by_id
      AND taken.minor > note.alone_limit_minor
"""
INVARIANTS = [
    Invariant(
        number="I40",
        name="above_a_limit_two_people_decide",
        sql=ALONE_ABOVE_LIMIT,
        sentence=(
            "Credit note {number} and those before it add up to {taken_minor} in thirty days, issued by one "
            "person under a limit of {alone_limit_minor}. Find out who changed it past Fincelo."
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I7",
        name="document_currency_is_known",
        sql=f"""
            SELECT id, kind, number, currency FROM (
                SELECT id, 'Invoice' AS kind, coalesce(number, 'draft') AS number, currency
                FROM billing_invoice
                UNION ALL
                SELECT id, 'Credit note', coalesce(number, 'draft'), currency FROM billing_creditnote
                UNION ALL
                SELECT id, 'Payment', id::text, currency FROM billing_payment
            ) document
            WHERE currency NOT IN ({KNOWN_CURRENCIES})
        """,  # noqa: S608  constants
        sentence="{kind} {number} is in {currency}, which is no currency in use. " + CORRECT,
    ),
    Invariant(
        number="I9",
        name="invoice_lines_add_up",
        sql="""
            SELECT invoice.id, coalesce(invoice.number, 'draft') AS number, invoice.currency,
                invoice.net_minor, invoice.tax_minor, invoice.total_minor,
                coalesce(line.lines_minor, 0) AS lines_minor
            FROM billing_invoice invoice
            LEFT JOIN (
                SELECT invoice_id, sum(amount_minor) AS lines_minor FROM billing_invoiceline
                GROUP BY invoice_id
            ) line ON line.invoice_id = invoice.id
            WHERE invoice.net_minor IS DISTINCT FROM line.lines_minor
               OR invoice.total_minor <> invoice.net_minor + invoice.tax_minor
        """,
        sentence=(
            "Invoice {number}: its lines add up to {lines_minor}, and it says net {net_minor} plus tax "
            "{tax_minor} is {total_minor}. " + CORRECT
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I9",
        name="invoice_tax_follows_the_rule",
        sql=f"""
            SELECT invoice.id, coalesce(invoice.number, 'draft') AS number, invoice.currency,
                invoice.net_minor, invoice.tax_minor
            FROM billing_invoice invoice,
            LATERAL (
                SELECT sum(rate.net_minor) AS net_minor, sum(rate.tax_minor) AS tax_minor,
                    bool_and(rate.tax_minor = {_TAX}) AS is_right
                FROM jsonb_to_recordset(invoice.tax_summary)
                    AS rate (rate integer, net_minor bigint, tax_minor bigint)
            ) summary
            WHERE CASE WHEN invoice.tax_summary = '[]' THEN invoice.tax_minor <> 0
                ELSE NOT summary.is_right
                  OR (summary.net_minor, summary.tax_minor) <> (invoice.net_minor, invoice.tax_minor)
                END
        """,  # noqa: S608  constants
        sentence=(
            "Invoice {number}: tax {tax_minor} on {net_minor} does not follow from its rates. " + CORRECT
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I9",
        name="credit_note_lines_add_up",
        sql="""
            SELECT note.id, coalesce(note.number, 'draft') AS number, note.currency, note.net_minor,
                note.tax_minor, note.total_minor, coalesce(line.lines_minor, 0) AS lines_minor
            FROM billing_creditnote note
            LEFT JOIN (
                SELECT credit_note_id, sum(amount_minor) AS lines_minor FROM billing_creditnoteline
                GROUP BY credit_note_id
            ) line ON line.credit_note_id = note.id
            WHERE (NOT note.lacks_lines AND note.net_minor IS DISTINCT FROM line.lines_minor)
               OR note.total_minor <> note.net_minor + note.tax_minor
        """,
        sentence=(
            "Credit note {number}: its lines add up to {lines_minor}, and it says net {net_minor} plus tax "
            "{tax_minor} is {total_minor}. Find out who changed it, and restore it from a backup."
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I9",
        name="credit_stays_within_the_invoice",
        sql="""
            SELECT invoice.id, coalesce(invoice.number, 'draft') AS number, invoice.currency,
                invoice.total_minor, invoice.credited_minor, coalesce(note.notes_minor, 0) AS notes_minor
            FROM billing_invoice invoice
            LEFT JOIN (
                SELECT invoice_id, sum(total_minor) AS notes_minor FROM billing_creditnote
                WHERE state = 'issued' GROUP BY invoice_id
            ) note ON note.invoice_id = invoice.id
            WHERE invoice.credited_minor <> coalesce(note.notes_minor, 0)
               OR invoice.credited_minor > invoice.total_minor
        """,
        sentence=(
            "Invoice {number} over {total_minor} counts {credited_minor} as credited, and its credit notes "
            "add up to {notes_minor}. Compare both with what was sent before anything more is credited."
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I9",
        name="payments_stay_within_the_invoice",
        sql="""
            SELECT invoice.id, coalesce(invoice.number, 'draft') AS number, invoice.currency,
                invoice.total_minor, invoice.paid_minor, coalesce(payment.received_minor, 0) AS received_minor
            FROM billing_invoice invoice
            LEFT JOIN (
                SELECT invoice_id, sum(amount_minor) AS received_minor FROM billing_payment
                GROUP BY invoice_id
            ) payment ON payment.invoice_id = invoice.id
            WHERE invoice.paid_minor <> coalesce(payment.received_minor, 0)
               OR invoice.paid_minor > invoice.total_minor
        """,
        sentence=(
            "Invoice {number} over {total_minor} counts {paid_minor} as paid, and its payments add up to "
            "{received_minor}. Compare both with the bank's statement and take back what is wrong."
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I9",
        name="invoice_state_follows_from_its_balance",
        sql=f"""
            SELECT id, number, currency, state, total_minor, credited_minor, paid_minor
            FROM billing_invoice invoice
            WHERE state <> 'draft' AND state <> CASE
                WHEN state = 'void' AND credited_minor = 0 AND paid_minor = 0 AND sent_at IS NULL THEN 'void'
                ELSE {_STATE}
            END
        """,  # noqa: S608  constants
        sentence=(
            "Invoice {number} is {state}, although of {total_minor} there is {credited_minor} credited and "
            "{paid_minor} paid. Record or take back a payment, or find out who changed the state."
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I11",
        name="one_currency_from_contract_to_payment",
        sql="""
            SELECT invoice.id, 'Invoice ' || coalesce(invoice.number, 'draft') AS document,
                invoice.currency AS is_in, 'contract ' || contract.id AS belongs_to, contract.currency AS says
            FROM billing_invoice invoice JOIN contracts_contract contract ON contract.id = invoice.contract_id
            WHERE invoice.currency <> contract.currency
            UNION ALL
            SELECT note.id, 'Credit note ' || coalesce(note.number, 'draft'), note.currency,
                'invoice ' || invoice.number, invoice.currency
            FROM billing_creditnote note JOIN billing_invoice invoice ON invoice.id = note.invoice_id
            WHERE note.currency <> invoice.currency
            UNION ALL
            SELECT payment.id, 'Payment ' || payment.id, payment.currency, 'invoice ' || invoice.number,
                invoice.currency
            FROM billing_payment payment JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
            WHERE payment.currency <> invoice.currency
        """,
        sentence=(
            "{document} is in {is_in}, and {belongs_to} in {says}. Correct whichever was changed past "
            "Fincelo."
        ),
    ),
    Invariant(
        number="I27",
        name="issued_document_holds_its_copy",
        sql="""
            SELECT id, kind, number FROM (
                SELECT id, 'Invoice' AS kind, number, seller, buyer,
                    due_date = issue_date + payment_terms_days AS is_due_by_its_terms
                FROM billing_invoice WHERE state <> 'draft'
                UNION ALL
                SELECT id, 'Credit note', number, seller, buyer, true
                FROM billing_creditnote WHERE state <> 'draft'
            ) document
            WHERE NOT (
                seller ?& '{name,address}' AND buyer ?& '{name,address,billing_email}'
                AND (seller ? 'tax_id' OR seller ?& '{format,vat_id,tax_number}')
                AND (buyer ? 'tax_id' OR buyer ?& '{format,vat_id,tax_number}')
                AND seller ->> 'name' <> '' AND buyer ->> 'name' <> '' AND is_due_by_its_terms
            )
        """,
        sentence=(
            "{kind} {number} lacks a part of its own copy of names and addresses, or is not due by its "
            "terms, so it cannot be printed as it was sent. Restore it from a backup."
        ),
    ),
    Invariant(
        number="I31",
        name="void_and_credit_are_audited",
        sql="""
            SELECT document.invoice_id, document.what FROM (
                SELECT id AS invoice_id, 'Invoice ' || number || ' is void' AS what,
                    'Invoice voided' AS action
                FROM billing_invoice WHERE state = 'void'
                UNION ALL
                SELECT invoice_id, 'Credit note ' || number || ' is issued',
                    'Credit note ' || number || ' issued'
                FROM billing_creditnote WHERE state = 'issued'
            ) document
            WHERE NOT EXISTS (
                SELECT 1 FROM contracts_auditentry entry
                WHERE entry.object_type = 'billing.invoice' AND entry.object_id = document.invoice_id
                  AND entry.action = document.action
            )
        """,
        sentence=(
            "{what} and the audit does not say by whom and why. Find out who did it past Fincelo, and "
            "whether the customer was told."
        ),
    ),
]
