"""What must be true of what the Smart Billing Agent has done.

A change and a run may overlap by the length of a transaction. What lies within ten minutes of each other is
not judged.
"""

from billing.issuing.bounds import HISTORY, LOOK_BACK, MOST_PER_CONTRACT, TIMES
from billing.models import WAITS
from contracts.invariants import with_money
from fincelo.invariants import Invariant

_MARGIN = "interval '10 minutes'"
_CHARGED = "CASE WHEN invoice.prices_include_tax THEN invoice.total_minor ELSE invoice.net_minor END"

INVARIANTS = [
    Invariant(
        number="I10",
        name="contract_is_never_billed_above_its_value",
        sql=f"""
            SELECT contract.id, contract.name, contract.currency, contract.value_minor,
                billed.minor + coalesce(elsewhere.minor, 0) - coalesce(credited.minor, 0) AS billed_minor
            FROM (
                SELECT contract_id, sum({_CHARGED}) AS minor FROM billing_invoice invoice
                WHERE state NOT IN ('draft', 'void') GROUP BY contract_id
            ) billed
            JOIN contracts_contract contract ON contract.id = billed.contract_id
            LEFT JOIN (
                SELECT schedule.contract_id, sum(instalment.amount_minor) AS minor
                FROM billing_instalment instalment
                JOIN billing_billingschedule schedule ON schedule.id = instalment.schedule_id
                WHERE instalment.state = 'billed_elsewhere' GROUP BY schedule.contract_id
            ) elsewhere ON elsewhere.contract_id = contract.id
            LEFT JOIN (
                SELECT invoice.contract_id, sum(note.asked_minor) AS minor FROM billing_creditnote note
                JOIN billing_invoice invoice ON invoice.id = note.invoice_id
                WHERE note.state = 'issued' GROUP BY invoice.contract_id
            ) credited ON credited.contract_id = contract.id
            WHERE billed.minor + coalesce(elsewhere.minor, 0) - coalesce(credited.minor, 0)
                > contract.value_minor
        """,  # noqa: S608  constants
        sentence=(
            "Contract {id}, {name}, is over {value_minor}, and {billed_minor} is billed. Suspend it and "
            "credit what is too much."
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I10",
        name="completed_contract_is_wholly_billed",
        sql="""
            SELECT contract.id, contract.name, count(*) AS open FROM contracts_contract contract
            JOIN billing_billingschedule schedule ON schedule.contract_id = contract.id
            JOIN billing_instalment instalment ON instalment.schedule_id = schedule.id
            WHERE contract.state = 'completed' AND instalment.state IN ('planned', 'drafted')
            GROUP BY contract.id
        """,
        sentence=(
            "Contract {id}, {name}, is completed and {open} of its instalments are not billed. Decide "
            "whether they are to be billed, and correct the contract's state or theirs."
        ),
    ),
    Invariant(
        number="I10",
        name="invoice_charges_its_instalment",
        sql=f"""
            SELECT invoice.id, coalesce(invoice.number, 'draft') AS number, invoice.currency,
                {_CHARGED} AS charged_minor, instalment.amount_minor, contract.id AS contract_id,
                contract.name
            FROM billing_invoice invoice
            JOIN billing_instalment instalment ON instalment.id = invoice.instalment_id
            JOIN billing_billingschedule schedule ON schedule.id = instalment.schedule_id
            JOIN contracts_contract contract ON contract.id = schedule.contract_id
            WHERE invoice.state <> 'void'
              AND ({_CHARGED} <> instalment.amount_minor OR invoice.contract_id <> contract.id)
        """,  # noqa: S608  constants
        sentence=(
            "Invoice {number} charges {charged_minor} for an instalment of {amount_minor} of contract "
            "{contract_id}, {name}, or is another contract's. Credit the invoice, and find out what was "
            "changed."
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I23",
        name="everything_due_was_billed",
        sql=f"""
            SELECT instalment.id, contract.id AS contract_id, contract.name, instalment.sequence,
                instalment.billing_date, run.id AS run_id, run.as_of
            FROM (
                SELECT id, as_of, started_at FROM billing_billingrun
                WHERE state IN ('done', 'parked') AND trigger <> 'approval' ORDER BY id DESC LIMIT 1
            ) run
            JOIN billing_instalment instalment
                ON instalment.state = 'planned' AND instalment.billing_date <= run.as_of
                AND instalment.parked_by_id IS NULL
            JOIN billing_billingschedule schedule
                ON schedule.id = instalment.schedule_id AND schedule.state = 'active'
                AND schedule.activated_at < run.started_at - {_MARGIN}
            JOIN contracts_contract contract
                ON contract.id = schedule.contract_id AND contract.state IN ('scheduled', 'active')
                AND contract.updated_at < run.started_at - {_MARGIN} AND NOT ({WAITS})
            WHERE NOT EXISTS (
                SELECT 1 FROM contracts_auditentry entry
                WHERE entry.object_type = 'contracts.contract' AND entry.object_id = contract.id
                  AND entry.at > run.started_at - {_MARGIN}
            ) AND NOT EXISTS (
                SELECT 1 FROM billing_invoice invoice JOIN contracts_auditentry entry
                    ON entry.object_type = 'billing.invoice' AND entry.object_id = invoice.id
                WHERE invoice.instalment_id = instalment.id AND invoice.state = 'void'
                  AND entry.at > run.started_at - {_MARGIN}
            ) AND NOT (instalment.is_cleared AND EXISTS (
                SELECT 1 FROM contracts_auditentry entry
                WHERE entry.object_type = 'billing.billingrun' AND entry.at > run.started_at - {_MARGIN}
            ))
        """,  # noqa: S608  constants
        sentence=(
            "Instalment {sequence} of contract {contract_id}, {name}, was due on {billing_date}, and the "
            "billing run as of {as_of} left it out. Run `manage.py run_billing`: it bills it or says why it "
            "cannot."
        ),
    ),
    Invariant(
        number="I28",
        name="no_invoice_before_its_date",
        sql="""
            SELECT invoice.id, invoice.number, invoice.issue_date, instalment.billing_date
            FROM billing_invoice invoice
            JOIN billing_instalment instalment ON instalment.id = invoice.instalment_id
            WHERE invoice.state NOT IN ('draft', 'void') AND invoice.issue_date < instalment.billing_date
        """,
        sentence=(
            "Invoice {number} is dated {issue_date}, before its billing date {billing_date}. Void it if it "
            "was not sent, otherwise agree on it with the customer."
        ),
    ),
    Invariant(
        number="I28",
        name="no_invoice_while_suspended",
        sql=f"""
            SELECT invoice.id, invoice.number, contract.id AS contract_id, contract.name, held.state, held.at
            FROM (
                SELECT object_id, at, after ->> 'state' AS state,
                    lead(at) OVER (PARTITION BY object_id ORDER BY id) AS until
                FROM contracts_auditentry
                WHERE object_type = 'contracts.contract' AND after ? 'state'
            ) held
            JOIN billing_invoice invoice
                ON invoice.contract_id = held.object_id AND invoice.state NOT IN ('draft', 'void')
                AND invoice.created_at > held.at + {_MARGIN}
                AND (held.until IS NULL OR invoice.created_at < held.until - {_MARGIN})
            JOIN contracts_contract contract ON contract.id = held.object_id
            WHERE held.state IN ('suspended', 'terminated')
        """,  # noqa: S608  constants
        sentence=(
            "Invoice {number} was issued while contract {contract_id}, {name}, was {state} since "
            "{at:%Y-%m-%d}. Void it if it was not sent, otherwise credit it."
        ),
    ),
    Invariant(
        number="I29",
        name="one_invoice_for_a_period",
        sql="""
            SELECT invoice.id, coalesce(invoice.number, 'draft') AS number,
                line.period_start, line.period_end,
                instalment.period_start AS planned_start, instalment.period_end AS planned_end
            FROM billing_invoiceline line
            JOIN billing_invoice invoice ON invoice.id = line.invoice_id AND invoice.state <> 'void'
            JOIN billing_instalment instalment ON instalment.id = invoice.instalment_id
            WHERE (line.period_start, line.period_end) <> (instalment.period_start, instalment.period_end)
        """,
        sentence=(
            "Invoice {number} charges {period_start} up to {period_end} for the period {planned_start} up to "
            "{planned_end}, so a period is billed twice or not at all. Credit it, and find out what was "
            "changed."
        ),
    ),
    Invariant(
        number="I29",
        name="few_invoices_of_a_contract_in_a_run",
        sql=f"""
            SELECT min(invoice.id) AS id, contract.id AS contract_id, contract.name, run.id AS run_id,
                run.as_of, count(*) AS invoices
            FROM billing_invoice invoice
            JOIN billing_billingrun run ON run.id = invoice.billing_run_id
                AND run.caught_up_since IS NULL AND run.trigger <> 'approval'
            JOIN billing_instalment instalment
                ON instalment.id = invoice.instalment_id AND NOT instalment.is_cleared
            JOIN contracts_contract contract ON contract.id = invoice.contract_id
            GROUP BY contract.id, run.id HAVING count(*) > {MOST_PER_CONTRACT}
        """,  # noqa: S608  constants
        sentence=(
            "The billing run as of {as_of} issued {invoices} invoices for contract {contract_id}, {name}, "
            "and nobody was asked. Look at them, and credit what the customer does not owe."
        ),
    ),
    Invariant(
        number="I29",
        name="run_is_not_far_above_the_usual",
        sql=f"""
            SELECT run.id, run.as_of, run.usual, count(*) AS invoices
            FROM (
                SELECT id, as_of, max(billed) OVER earlier AS usual, count(*) OVER earlier AS history
                FROM (
                    SELECT id, as_of, issued + drafted AS billed FROM billing_billingrun
                    WHERE caught_up_since IS NULL AND trigger <> 'approval' AND issued + drafted > 0
                ) ordinary
                WINDOW earlier AS (ORDER BY id ROWS BETWEEN {LOOK_BACK} PRECEDING AND 1 PRECEDING)
            ) run
            JOIN billing_invoice invoice ON invoice.billing_run_id = run.id AND invoice.state <> 'draft'
            JOIN billing_instalment instalment
                ON instalment.id = invoice.instalment_id AND NOT instalment.is_cleared
            WHERE run.history >= {HISTORY}
            GROUP BY run.id, run.as_of, run.usual HAVING count(*) > {TIMES} * run.usual
        """,  # noqa: S608  constants
        sentence=(
            "The billing run as of {as_of} issued {invoices} invoices where {usual} were usual, and nobody "
            "was asked. Look at them under Invoices, and void or credit what should not have been billed."
        ),
    ),
]
