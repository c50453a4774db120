"""By the name of each rule: statements that break it and no other."""

from tests.constraints.rows import HUGE

NEW = 900_000_001
"""The key of a row that is not there."""
DRAFTS = {
    "billing_creditnote": "state = 'draft'",
    "billing_creditnoteline": "credit_note_id IN (SELECT id FROM billing_creditnote WHERE state = 'draft')",
}
"""Of these tables only drafts can be copied: issued ones come by an update."""
OTHER_INSTALMENT = "(SELECT max(id) FROM billing_instalment)"
DOCUMENT = {"number": "'X'", "sequence": "99", "instalment_id": OTHER_INSTALMENT}
"""A copy of an invoice that differs in each of its keys."""


def copied(table: str, *, where: str = "", **changes: str) -> str:
    """A second row like the first, with other values in some columns: SQL by column."""
    pairs = "".join(f", '{column}', {value}" for column, value in changes.items())
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(one, jsonb_build_object('id', {NEW}{pairs}))).*"
        f" FROM {table} one"
        f" WHERE one.ctid = (SELECT ctid FROM {table} WHERE {where or DRAFTS.get(table, 'true')}"
        " ORDER BY 1 LIMIT 1)"
    )


def issued(**changes: str) -> str:
    """The draft of a credit note, issued with a number of its own unless told otherwise."""
    facts = {"number": "'X'", "year": "one.year", "sequence": "99", "issue_date": "one.issue_date"} | changes
    sets = ", ".join(f"{column} = {value}" for column, value in facts.items())
    return (
        f"UPDATE billing_creditnote SET state = 'issued', {sets}"
        f" FROM billing_creditnote one WHERE billing_creditnote.total_minor = {HUGE} AND one.state = 'issued'"
    )


CHECKS = {
    "audit_seal_has_a_span": copied("contracts_auditseal", from_xid="5", until_xid="5"),
    "audit_seal_has_entries": copied("contracts_auditseal", from_xid="0", entries="0"),
    "awaited_work_ends_once": copied("fincelo_backgroundwork", state="'done'"),
    "billing_policy_is_one": copied("billing_billingpolicy", id="2"),
    "change_is_open_until_it_ended": copied("billing_contractchange", decided_at="now()"),
    "connected_connection_has_an_org": copied("crm_sync_connection", name="'X'", org_id="NULL"),
    "connection_name_is_one_line": copied("crm_sync_connection", name="E'a\\nb'"),
    "contract_currency_is_a_code": copied("contracts_contract", currency="'us'"),
    "contract_duration_is_1_to_1200_months": copied("contracts_contract", duration_months="1201"),
    "contract_is_billed_once_approved": copied("contracts_contract", needs_approval="true"),
    "contract_term_has_days": copied("contracts_contract", end_date="one.start_date"),
    "contract_value_is_not_negative": copied("contracts_contract", value_minor="-1"),
    "control_is_decided_by_somebody": copied("billing_controlchange", decided_at="now()"),
    "credit_note_is_numbered_at_issue": copied("billing_creditnote", number="'X'"),
    "credit_note_line_amount_is_positive": copied("billing_creditnoteline", amount_minor="0"),
    "credit_note_total_is_net_plus_tax": copied("billing_creditnote", tax_minor="1"),
    "credited_is_never_above_the_invoice": copied("billing_invoice", credited_minor="one.total_minor + 1"),
    "custom_field_has_a_label": copied("crm_sync_fieldmapping", target="'custom'"),
    "custom_field_is_named": copied("contracts_customfield", label="''"),
    "customer_country_is_a_code": copied("contracts_customer", country="'u1'"),
    "customer_has_a_name": copied("contracts_customer", name="''"),
    "customer_tax_rate_is_a_rate": copied("contracts_customer", tax_rate="100000"),
    "database_mark_is_one": copied("billing_databasemark", id="2"),
    "default_tax_rate_is_a_rate": copied("billing_legalentity", default_tax_rate="100000"),
    "hold_policy_is_one": copied("crm_sync_holdpolicy", id="2"),
    "imported_deal_has_its_contract": copied("crm_sync_crmdeal", contract_id="NULL"),
    "instalment_amount_is_positive": copied("billing_instalment", amount_minor="0"),
    "instalment_period_has_days": copied("billing_instalment", period_end="one.period_start"),
    "invariant_check_is_one": copied("fincelo_invariantcheck", id="2"),
    "invoice_is_numbered_at_issue": copied("billing_invoice", number="NULL"),
    "invoice_line_amount_is_positive": copied("billing_invoiceline", amount_minor="0"),
    "invoice_state_follows_from_its_balance": copied("billing_invoice", state="'part_paid'", paid_minor="0"),
    "invoice_total_is_net_plus_tax": copied("billing_invoice", net_minor="one.net_minor + 1"),
    "left_deal_has_reason_and_moment": copied("crm_sync_crmdeal", left_at="now()"),
    "legal_entity_country_is_a_code": copied("billing_legalentity", country="'u1'"),
    "limit_currency_is_a_code": copied("billing_approvallimit", currency="'us'"),
    "limit_is_an_amount": copied("billing_approvallimit", amount_minor="-1"),
    "mailing_is_one": copied("billing_mailing", id="2"),
    "merged_deal_names_the_survivor": copied("crm_sync_crmdeal", merged_into_id="one.id"),
    "number_gap_has_numbers": copied("billing_numbergap", last="one.first - 1"),
    "paid_is_never_above_the_invoice": copied(
        "billing_invoice", state="'paid'", paid_minor="one.total_minor + 1"
    ),
    "payment_is_an_amount_or_its_reverse": copied("billing_payment", amount_minor="-1"),
    "sent_mail_has_its_moment": copied("billing_invoicemail", state="'sent'"),
    "series_have_their_own_prefixes": copied("billing_legalentity", credit_note_prefix="one.invoice_prefix"),
    "two_people_confirm_a_control": copied(
        "billing_controlchange",
        outcome="'confirmed'",
        decided_by_id="one.requested_by_id",
        decided_at="now()",
    ),
    "won_value_has_a_currency": copied("crm_sync_wondeal", currency="''"),
    "workspace_is_one": copied("contracts_workspace", id="2"),
}

KEYS = {
    "billing_bankprofile_header_key_key": copied("billing_bankprofile"),
    "billing_billingschedule_contract_id_key": copied("billing_billingschedule"),
    "billing_creditnoterendering_credit_note_id_key": copied("billing_creditnoterendering"),
    "billing_invoicerendering_invoice_id_key": copied("billing_invoicerendering"),
    "billing_letterhead_legal_entity_id_key": copied("billing_letterhead"),
    "billing_logo_sha256_key": copied("billing_logo"),
    "billing_payment_fingerprint_key": copied("billing_payment"),
    "billing_payment_reverses_id_key": copied("billing_payment", where="reverses_id IS NOT NULL"),
    "credit_note_number_is_unique": issued(number="one.number"),
    "credit_note_sequence_is_unique": issued(sequence="one.sequence"),
    "crm_sync_authorisation_state_digest_key": copied("crm_sync_authorisation"),
    "crm_sync_connection_name_key": copied("crm_sync_connection", state="'not_connected'"),
    "crm_sync_crmdeal_contract_id_key": copied("crm_sync_crmdeal", external_id="'X'"),
    "crm_sync_tieout_month_key": copied("crm_sync_tieout"),
    "fincelo_heartbeat_process_key": copied("fincelo_heartbeat"),
    "invoice_number_is_unique": copied("billing_invoice", **DOCUMENT | {"number": "one.number"}),
    "invoice_sequence_is_unique": copied("billing_invoice", **DOCUMENT | {"sequence": "one.sequence"}),
    "one_audit_seal_per_place": copied("contracts_auditseal"),
    "one_awaited_work_per_subject": copied("fincelo_backgroundwork"),
    "one_credit_note_line_per_place": copied("billing_creditnoteline"),
    "one_current_backfill": copied("crm_sync_backfill"),
    "one_custom_field_per_label": copied("contracts_customfield"),
    "one_customer_per_crm_account": copied("crm_sync_crmaccount"),
    "one_field_mapping_per_target": copied("crm_sync_fieldmapping"),
    "one_row_of_failed_sign_ins_of_many_addresses": copied("access_failedsignin", where="address IS NULL"),
    "one_row_of_failed_sign_ins_per_day_name_and_address": copied(
        "access_failedsignin", where="address IS NOT NULL"
    ),
    "one_import_record_per_deal": copied("crm_sync_crmdeal", where="state = 'held'"),
    "one_instalment_per_place": copied("billing_instalment"),
    "one_invoice_line_per_place": copied("billing_invoiceline"),
    "one_limit_per_kind_and_currency": copied("billing_approvallimit"),
    "one_live_connection_per_org": copied("crm_sync_connection", name="'X'"),
    "one_live_invoice_per_instalment": copied(
        "billing_invoice", **DOCUMENT | {"instalment_id": "one.instalment_id"}
    ),
    "one_loose_grant_per_given_token": copied("crm_sync_loosegrant"),
    "one_mapping_version_per_number": copied("crm_sync_mappingversion"),
    "one_memory_per_recent_deal": copied("crm_sync_recentdeal"),
    "one_number_gap_per_first_number": copied("billing_numbergap"),
    "one_open_crm_change_per_contract": copied("billing_contractchange"),
    "one_open_hold_per_deal": copied("crm_sync_hold"),
    "one_open_mail_per_credit_note": copied("billing_invoicemail", where="credit_note_id IS NOT NULL"),
    "one_open_mail_per_invoice": copied("billing_invoicemail", where="credit_note_id IS NULL"),
    "one_open_request_per_subject": copied("billing_controlchange"),
    "one_row_per_crm_org": copied("crm_sync_crmorg"),
    "one_row_per_previewed_deal": copied("crm_sync_backfilldeal"),
    "one_row_per_won_deal": copied("crm_sync_wondeal"),
    "one_running_run": copied("crm_sync_syncrun", where="state = 'running'"),
    "one_series_per_entity_year_and_kind": copied("billing_numberseries"),
    "one_translation_per_value": copied("crm_sync_translation"),
    "one_wait_per_reason": copied("billing_billingwait"),
}

IMPLIED = {
    "contracts_auditseal_entries_check": "audit_seal_has_entries",
    "contracts_contract_duration_months_check": "contract_duration_is_1_to_1200_months",
}
"""Checks of Django's that say less than one of ours, which PostgreSQL asks first: it goes by their names."""

TRIGGERS = {
    "audit_is_append_only": [
        "UPDATE contracts_auditentry SET reason = 'X'",
        "DELETE FROM contracts_auditentry",
    ],
    "audit_seals_are_append_only": [
        "UPDATE contracts_auditseal SET digest = 'X'",
        "DELETE FROM contracts_auditseal",
    ],
    "contract_values_fit_insert": [
        copied("contracts_contract", custom_fields="""'{"Seats": "many"}'::jsonb""")
    ],
    "contract_values_fit_update": ["""UPDATE contracts_contract SET custom_fields = '{"Seats": "many"}'"""],
    "credit_note_line_is_frozen": [
        copied(
            "billing_creditnoteline",
            where="credit_note_id IN (SELECT id FROM billing_creditnote WHERE state = 'issued')",
            position="2",
        ),
        "UPDATE billing_creditnoteline SET description = 'X'",
        "DELETE FROM billing_creditnoteline",
    ],
    "credit_note_rendering_is_kept": [
        "UPDATE billing_creditnoterendering SET sha256 = 'X'",
        "DELETE FROM billing_creditnoterendering",
    ],
    "credit_reaches_invoice": [issued()],
    "customer_values_fit_insert": [
        copied("contracts_customer", custom_fields="""'{"Seats": "many"}'::jsonb""")
    ],
    "customer_values_fit_update": ["""UPDATE contracts_customer SET custom_fields = '{"Seats": "many"}'"""],
    "invoice_line_is_frozen": [
        "UPDATE billing_invoiceline SET description = 'X'",
        "DELETE FROM billing_invoiceline",
    ],
    "invoice_lines_add_up": [copied("billing_invoiceline", position="2")],
    "invoice_mail_is_kept": ["DELETE FROM billing_invoicemail"],
    "issued_by_the_databases_day": [
        copied("billing_invoice", **DOCUMENT, issue_date="contracts_business_day() + 1")
    ],
    "issued_credit_note_is_frozen": [
        copied("billing_creditnote", where="state = 'issued'", number="'X'", sequence="99"),
        "UPDATE billing_creditnote SET reason = 'X' WHERE state = 'issued'",
    ],
    "issued_credit_note_stays": ["DELETE FROM billing_creditnote WHERE state = 'issued'"],
    "issued_invoice_has_lines": [copied("billing_invoice", **DOCUMENT, credited_minor="0", state="'issued'")],
    "issued_invoice_is_frozen": ["UPDATE billing_invoice SET due_date = due_date + 1"],
    "issued_invoice_names_its_parties": [copied("billing_invoice", **DOCUMENT, seller="'{}'::jsonb")],
    "issued_invoice_stays": ["DELETE FROM billing_invoice"],
    "logo_is_kept": ["UPDATE billing_logo SET sha256 = 'X'", "DELETE FROM billing_logo"],
    "nothing_is_billed_while_waiting": [
        copied("billing_invoice", **DOCUMENT, contract_id="(SELECT contract_id FROM billing_billingwait)")
    ],
    "number_gap_is_kept": ["UPDATE billing_numbergap SET reason = 'X'", "DELETE FROM billing_numbergap"],
    "payment_reaches_invoice": [copied("billing_payment", fingerprint="'X'", amount_minor=f"{HUGE}")],
    "payment_came_by_now": [copied("billing_payment", fingerprint="'X'", received_date="date '2199-12-31'")],
    "payment_stays": ["UPDATE billing_payment SET reference = 'X'", "DELETE FROM billing_payment"],
    "role_grants_are_kept": [
        "UPDATE fincelo_rolegrant SET role = 'X'",
        "DELETE FROM fincelo_rolegrant",
    ],
    "rendering_is_kept": [
        "UPDATE billing_invoicerendering SET sha256 = 'X'",
        "DELETE FROM billing_invoicerendering",
    ],
}

KEPT_WHOLE = {
    "audit_is_append_only_whole": "contracts_auditentry",
    "audit_seals_are_append_only_whole": "contracts_auditseal",
    "billing_policy_is_kept": "billing_billingpolicy",
    "billing_runs_are_kept": "billing_billingrun",
    "contracts_are_kept": "contracts_contract",
    "control_changes_are_kept": "billing_controlchange",
    "credit_note_lines_are_kept": "billing_creditnoteline",
    "credit_note_renderings_are_kept": "billing_creditnoterendering",
    "credit_notes_are_kept": "billing_creditnote",
    "customers_are_kept": "contracts_customer",
    "deals_are_kept": "crm_sync_crmdeal",
    "instalments_are_kept": "billing_instalment",
    "invoice_lines_are_kept": "billing_invoiceline",
    "invoice_mails_are_kept": "billing_invoicemail",
    "invoices_are_kept": "billing_invoice",
    "legal_entities_are_kept": "billing_legalentity",
    "limits_are_kept": "billing_approvallimit",
    "logos_are_kept": "billing_logo",
    "number_gaps_are_kept": "billing_numbergap",
    "number_series_are_kept": "billing_numberseries",
    "payment_imports_are_kept": "billing_paymentimport",
    "payments_are_kept": "billing_payment",
    "renderings_are_kept": "billing_invoicerendering",
    "schedules_are_kept": "billing_billingschedule",
    "role_grants_are_not_emptied": "fincelo_rolegrant",
}
"""By trigger: the table that cannot be emptied."""

WRITTEN_BY_THE_DATABASE = {"audit_is_stamped": ("INSERT", "contracts_auditentry", "at", "'2000-01-01'")}
"""Triggers that refuse nothing: event, table, a column that they write, and a value that it does not keep."""
