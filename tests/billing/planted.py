"""How each rule of contracts and billing is broken, and what is said of it. The ids are filled in by name."""

PLAN = "schedule_id = (SELECT id FROM billing_billingschedule WHERE contract_id = {%s})"
OF_ACME = "invoice_id = (SELECT id FROM billing_invoice WHERE contract_id = {Acme})"
AUDIT = """
    INSERT INTO contracts_auditentry (
        at, actor_name, action, object_type, object_id, object_name, before, after, reason
    )
    VALUES ('2020-01-01', 'x', 'x', 'contracts.contract', {%s}, 'x', '{{}}', '{{"state": "%s"}}', '')
"""

PLANTED: list[tuple[list[str], dict[str, str]]] = [
    (
        [
            "UPDATE contracts_contract SET currency = 'XXX' WHERE id = {Future}",
        ],
        {
            "contract_currency_is_known": "Contract {Future}, Future subscription, is in XXX, which is no currency in use, so 120000 has no meaning. Suspend it and correct the currency in the CRM.",
        },
    ),
    (
        [
            "UPDATE contracts_workspace SET time_zone = 'Mars/Olympus'",
        ],
        {
            "workspace_has_a_time_zone": "The workspace's time zone Mars/Olympus is unknown, so no billing date can be told. Set it to an IANA name such as Europe/Berlin.",
        },
    ),
    (
        [
            "UPDATE contracts_contract SET state = 'suspended' WHERE id = {Future}",
        ],
        {
            "contract_state_is_audited": "Contract {Future}, Future subscription, is suspended and the audit does not say since when and why. Find out who changed it past Fincelo, and resume it on its page if that was a mistake.",
        },
    ),
    (
        [
            "UPDATE billing_instalment SET amount_minor = 9999 WHERE sequence = 12 AND " + PLAN % "Acme",
        ],
        {
            "instalments_add_up_to_the_contract": "Contract {Acme}, Acme subscription, is over USD 1,200.00, and its instalments add up to USD 1,199.99 or one of them is not above zero. Suspend the contract and restore its plan from a backup.",
        },
    ),
    (
        [
            "UPDATE billing_instalment SET amount_minor = amount_minor - 23 + 2 * sequence WHERE sequence >= 11 AND "
            + PLAN % "Acme",
        ],
        {
            "equal_periods_cost_the_same": "Instalment 12 of contract {Acme}, Acme subscription, is USD 100.01 where the first is USD 100.00: equal periods differ by one unit at most, the larger first. Suspend the contract and restore its plan from a backup.",
        },
    ),
    (
        [
            "DELETE FROM billing_instalment WHERE " + PLAN % "Future",
            "DELETE FROM billing_billingschedule WHERE contract_id = {Future}",
        ],
        {
            "contract_has_a_schedule": "Contract {Future}, Future subscription, has no billing schedule, so nothing of it is ever billed. Suspend the contract and restore its plan from a backup.",
        },
    ),
    (
        [
            "DELETE FROM billing_instalment WHERE " + PLAN % "Future",
        ],
        {
            "schedule_has_contract_and_instalments": "Billing schedule {future_schedule} of contract {Future}: it has no instalments. Restore the missing rows from a backup.",
        },
    ),
    (
        [
            "DELETE FROM contracts_contract WHERE id = {Future}",
        ],
        {
            "schedule_has_contract_and_instalments": "Billing schedule {future_schedule} of contract {Future}: its contract is gone. Restore the missing rows from a backup.",
        },
    ),
    (
        [
            "UPDATE billing_instalment SET id = 0, schedule_id = 0 WHERE sequence = 12 AND "
            + PLAN % "Future",
            "UPDATE contracts_contract SET end_date = '2027-12-01', value_minor = value_minor - 10000 WHERE id = {Future}",
        ],
        {
            "instalment_has_a_schedule": "Instalment 0 belongs to schedule 0, which is gone. Restore it from a backup.",
        },
    ),
    (
        [
            "UPDATE billing_instalment SET period_end = period_end - 1 WHERE sequence = 2 AND "
            + PLAN % "Future",
        ],
        {
            "periods_tile_the_term": "Instalment 3 of contract {Future}, Future subscription, covers 2027-03-01 up to 2027-04-01: that leaves a gap, overlaps or misses the contract's term. Suspend the contract and restore its plan from a backup.",
        },
    ),
    (
        [
            "DROP INDEX one_live_invoice_per_instalment",
            "UPDATE billing_invoice SET state = 'issued' WHERE state = 'void'",
        ],
        {
            "one_live_invoice_for_an_instalment": "Instalment {void_instalment} has 2 invoices: INV-2026-000005, INV-2026-000007. Keep one, and void the others or credit them in full.",
        },
    ),
    (
        [
            "UPDATE billing_instalment SET state = 'planned' WHERE sequence = 1 AND " + PLAN % "Acme",
        ],
        {
            "instalment_state_follows_from_its_invoice": "Instalment 1 of contract {Acme}, Acme subscription, is planned and has invoice INV-2026-000003. Suspend the contract, so that nothing is billed twice, and correct the instalment's state.",
        },
    ),
    (
        [
            "UPDATE billing_instalment SET billing_date = billing_date + 1 WHERE sequence = 2 AND "
            + PLAN % "Future",
        ],
        {
            "billing_dates_follow_from_the_term": "Instalment 2 of contract {Future}, Future subscription, from 2027-02-01 is billed on 2027-02-02, which does not follow from the contract's start, cycle and timing. Suspend the contract and restore its plan from a backup.",
        },
    ),
    (
        [
            "UPDATE contracts_contract SET currency = 'XXX' WHERE id = {Acme}",
            "UPDATE billing_invoice SET currency = 'XXX' WHERE contract_id = {Acme}",
        ],
        {
            "contract_currency_is_known": "Contract {Acme}, Acme subscription, is in XXX, which is no currency in use, so 120000 has no meaning. Suspend it and correct the currency in the CRM.",
            "document_currency_is_known": "Invoice INV-2026-000003 is in XXX, which is no currency in use. Credit it in full, so that its period can be billed rightly, and find out who changed it.",
        },
    ),
    (
        [
            "UPDATE billing_invoiceline SET amount_minor = amount_minor + 1 WHERE " + OF_ACME,
        ],
        {
            "invoice_lines_add_up": "Invoice INV-2026-000003: its lines add up to USD 100.01, and it says net USD 100.00 plus tax USD 19.00 is USD 119.00. Credit it in full, so that its period can be billed rightly, and find out who changed it.",
        },
    ),
    (
        [
            'UPDATE billing_invoice SET tax_minor = 1901, total_minor = 11901, tax_summary = \'[{{"rate": 19000, "net_minor": 10000, "tax_minor": 1901}}]\' WHERE contract_id = {Acme}',
        ],
        {
            "invoice_tax_follows_the_rule": "Invoice INV-2026-000003: tax USD 19.01 on USD 100.00 does not follow from its rates. Credit it in full, so that its period can be billed rightly, and find out who changed it.",
        },
    ),
    (
        [
            "UPDATE billing_creditnoteline SET amount_minor = amount_minor + 1",
        ],
        {
            "credit_note_lines_add_up": "Credit note CN-2026-000001: its lines add up to USD 40.01, and it says net USD 40.00 plus tax USD 7.60 is USD 47.60. Find out who changed it, and restore it from a backup.",
        },
    ),
    (
        [
            "UPDATE billing_invoice SET credited_minor = credited_minor + 1 WHERE contract_id = {Paid}",
        ],
        {
            "credit_stays_within_the_invoice": "Invoice INV-2026-000006 over USD 119.00 counts USD 47.61 as credited, and its credit notes add up to USD 47.60. Compare both with what was sent before anything more is credited.",
        },
    ),
    (
        [
            "UPDATE billing_invoice SET paid_minor = paid_minor + 1 WHERE contract_id = {Paid}",
        ],
        {
            "payments_stay_within_the_invoice": "Invoice INV-2026-000006 over USD 119.00 counts USD 20.01 as paid, and its payments add up to USD 20.00. Compare both with the bank's statement and take back what is wrong.",
        },
    ),
    (
        [
            "ALTER TABLE billing_invoice DROP CONSTRAINT invoice_state_follows_from_its_balance",
            "UPDATE billing_invoice SET state = 'issued' WHERE contract_id = {Paid}",
        ],
        {
            "invoice_state_follows_from_its_balance": "Invoice INV-2026-000006 is issued, although of USD 119.00 there is USD 47.60 credited and USD 20.00 paid. Record or take back a payment, or find out who changed the state.",
        },
    ),
    (
        [
            "UPDATE billing_payment SET currency = 'EUR'",
        ],
        {
            "one_currency_from_contract_to_payment": "Payment {payment} is in EUR, and invoice INV-2026-000006 in USD. Correct whichever was changed past Fincelo.",
        },
    ),
    (
        [
            "UPDATE billing_invoice SET buyer = buyer - 'address' WHERE contract_id = {Acme}",
        ],
        {
            "issued_document_holds_its_copy": "Invoice INV-2026-000003 lacks a part of its own copy of names and addresses, or is not due by its terms, so it cannot be printed as it was sent. Restore it from a backup.",
        },
    ),
    (
        [
            "DELETE FROM contracts_auditentry WHERE action = 'Invoice voided'",
        ],
        {
            "void_and_credit_are_audited": "Invoice INV-2026-000005 is void and the audit does not say by whom and why. Find out who did it past Fincelo, and whether the customer was told.",
        },
    ),
    (
        [
            "UPDATE billing_invoice SET sequence = 8, number = 'INV-2026-000008' WHERE sequence = 7",
            "UPDATE billing_numberseries SET next_number = 9 WHERE kind = 'invoice'",
        ],
        {
            "numbers_have_no_gap": "Invoice INV-2026-000008 follows 6 in the series of 2026. Find the missing document in a backup and in what was sent, and tell whoever keeps the books; never fill the gap with a new document.",
        },
    ),
    (
        [
            "UPDATE billing_invoice SET number = 'INV-2026-000099' WHERE contract_id = {Acme}",
        ],
        {
            "number_says_its_place": "Invoice INV-2026-000099 is number 3 of 2026: another one has the same number, or it does not say its place. Compare it with what was sent, and restore it from a backup.",
        },
    ),
    (
        [
            "UPDATE billing_numberseries SET next_number = 9 WHERE kind = 'invoice'",
        ],
        {
            "series_goes_on_after_the_last_number": "The series of invoices of 2026 continues with 9, and the last document is number 7 of 2026-11-22. Stop billing, find out what was issued or deleted past Fincelo, and set the series right.",
        },
    ),
    (
        [
            "UPDATE billing_invoice SET issue_date = issue_date - 1, due_date = due_date - 1 WHERE contract_id = {Second}",
        ],
        {
            "issue_dates_never_fall": "Invoice INV-2026-000002 of the series of 2026 is dated 2026-11-21, and the one before it 2026-11-22. Compare it with what was sent, and restore it from a backup.",
        },
    ),
    (
        [
            "UPDATE billing_invoice SET issue_date = issue_date + 1, due_date = due_date + 1 WHERE sequence = 7",
            "UPDATE billing_numberseries SET last_issue_date = last_issue_date + 1 WHERE kind = 'invoice'",
        ],
        {
            "no_issue_date_after_the_databases_day": "Invoice INV-2026-000007 is dated 2026-11-23, and today is 2026-11-22 by the database's clock. Void an invoice that has not been sent; otherwise agree with whoever keeps the books, and credit it from its day on.",
        },
    ),
    (
        [
            "UPDATE billing_creditnote SET issue_date = issue_date - 1",
        ],
        {
            "no_credit_note_before_its_invoice": "Credit note CN-2026-000001 is dated 2026-11-21, before its invoice INV-2026-000006 of 2026-11-22. Tell whoever keeps the books: both documents stay as they were sent.",
        },
    ),
    (
        [
            "UPDATE contracts_contract SET value_minor = 4999 WHERE id = {First}",
        ],
        {
            "contract_is_never_billed_above_its_value": "Contract {First}, First subscription, is over USD 49.99, and USD 50.00 is billed. Suspend it and credit what is too much.",
            "instalments_add_up_to_the_contract": "Contract {First}, First subscription, is over USD 49.99, and its instalments add up to USD 50.00 or one of them is not above zero. Suspend the contract and restore its plan from a backup.",
        },
    ),
    (
        [
            "UPDATE contracts_contract SET state = 'completed' WHERE id = {Future}",
            AUDIT % ("Future", "completed"),
        ],
        {
            "completed_contract_is_wholly_billed": "Contract {Future}, Future subscription, is completed and 12 of its instalments are not billed. Decide whether they are to be billed, and correct the contract's state or theirs.",
        },
    ),
    (
        [
            "UPDATE billing_instalment SET amount_minor = amount_minor - 3 + 2 * sequence WHERE "
            + PLAN % "Short",
        ],
        {
            "invoice_charges_its_instalment": "Invoice INV-2026-000004 charges USD 857.15 for an instalment of USD 857.14 of contract {Short}, Short subscription, or is another contract's. Credit the invoice, and find out what was changed.",
        },
    ),
    (
        [
            "UPDATE billing_billingrun SET as_of = '2026-12-22'",
            "UPDATE billing_billingschedule SET activated_at = activated_at - interval '1 hour' WHERE contract_id = {Acme}",
            "UPDATE contracts_contract SET updated_at = updated_at - interval '1 hour' WHERE id = {Acme}",
        ],
        {
            "everything_due_was_billed": "Instalment 2 of contract {Acme}, Acme subscription, was due on 2026-12-22, and the billing run as of 2026-12-22 left it out. Run `manage.py run_billing`: it bills it or says why it cannot.",
        },
    ),
    (
        [
            "UPDATE billing_invoice SET issue_date = '2026-10-21', due_date = '2026-11-20' WHERE contract_id = {First}",
        ],
        {
            "no_invoice_before_its_date": "Invoice INV-2026-000001 is dated 2026-10-21, before its billing date 2026-10-22. Void it if it was not sent, otherwise agree on it with the customer.",
        },
    ),
    (
        [
            AUDIT % ("Acme", "suspended"),
        ],
        {
            "no_invoice_while_suspended": "Invoice INV-2026-000003 was issued while contract {Acme}, Acme subscription, was suspended since 2020-01-01. Void it if it was not sent, otherwise credit it.",
        },
    ),
    (
        [
            "UPDATE billing_invoiceline SET period_end = period_end + 1 WHERE " + OF_ACME,
        ],
        {
            "one_invoice_for_a_period": "Invoice INV-2026-000003 charges 2026-11-22 up to 2026-12-23 for the period 2026-11-22 up to 2026-12-22, so a period is billed twice or not at all. Credit it, and find out what was changed.",
        },
    ),
]
