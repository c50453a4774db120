"""What the database itself refuses, whoever asks and in whatever way: raw SQL, the admin, our own code.

Every refusal is a sentence that names the document and the way on.
"""

import pgtrigger

from billing.models.particulars import WAITS
from contracts.triggers import never_emptied as never_emptied

WAY_ON = "Correct it with a credit note."
SUMS = "What is credited or paid of invoice % follows from its credit notes and payments."
TOO_LATE_FOR_VOID = f"Invoice % was sent, paid or credited, so it cannot be void. {WAY_ON}"
MAY_HAVE_LEFT = f"Invoice % is being mailed or may have been, so it cannot be void. {WAY_ON}"
CAME_BACK = """
    SELECT bool_or(state = 'bounced') AND bool_and(state <> 'sent') FROM billing_invoicemail
    WHERE invoice_id = OLD.id AND credit_note_id IS NULL
"""
"""Every mail of an invoice that had left bounced: it counts as not sent, and still cannot be void."""
SENT_ONCE = f"When invoice % was sent stays as it is. {WAY_ON}"
SENT_BY_NOW = "Invoice % can only have been sent between its issue and now. Give the moment when it was."
STATE_FOLLOWS = "The state of invoice % follows from what is sent, credited and paid of it."
AHEAD = "Nothing is issued with a date ahead: % lies after the database''s day, %."
BEFORE_INVOICE = "Credit note % is dated %, before its invoice. Date it on the day of its invoice or later."
NO_LINE = "Invoice % has no line. An invoice is issued together with what it charges."
NO_CREDIT_LINE = "Credit note % has no line. Ask for an amount that takes back a charge."
NO_MORE_LINES = f"Invoice % is issued: its lines are its net, and no line can be added. {WAY_ON}"
NAMELESS = (
    "Invoice % lacks a name, an address or the tax ID of its sender. Enter it under Settings, Legal entity, "
    "or on the page of the customer."
)
BILLING_WAITS = "The billing of % waits for a decision. The page of the contract shows why and who decides."


def refuse(sentence: str, *values: str) -> str:
    listed = "".join(f", {value}" for value in values)
    return f"RAISE EXCEPTION '{sentence}'{listed} USING ERRCODE = 'restrict_violation';"


def _names_no_address(party: str) -> str:
    return f"""
        jsonb_array_length(coalesce({party} #> '{{address,lines}}', '[]')) = 0
        AND coalesce({party} #>> '{{address,city}}', '') = ''
    """


SETTLED_STATE = """CASE
    WHEN NEW.credited_minor = NEW.total_minor THEN 'credited'
    WHEN NEW.paid_minor + NEW.credited_minor >= NEW.total_minor THEN 'paid'
    WHEN NEW.paid_minor > 0 THEN 'part_paid'
    WHEN NEW.sent_at IS NOT NULL THEN 'sent'
    ELSE 'issued'
END"""
"""The state that follows from total, credits, payments and sending: the one place that decides it."""


class IssuedInvoiceIsFrozen(pgtrigger.Trigger):
    """Of an issued invoice only the state and what it follows from may change, along the allowed ways.

    Credits and payments are sums of rows; only the triggers of those rows may change them. An invoice that is
    set to Sent without a moment gets the present one, and keeps it unless its mail comes back. It becomes
    void only while no mail of it can have reached anybody.
    """

    when = pgtrigger.Before
    operation = pgtrigger.Update
    MOVING = "'{state,sent_at,credited_minor,paid_minor}'::text[]"

    def get_func(self, model: object) -> str:
        return f"""
            IF OLD.state = 'draft' THEN
                IF NEW.state <> 'draft' THEN
                    {refuse("A draft becomes an invoice by being approved: that gives it the next number.")}
                END IF;
                RETURN NEW;
            END IF;
            IF to_jsonb(OLD) - {self.MOVING} IS DISTINCT FROM to_jsonb(NEW) - {self.MOVING} THEN
                {refuse("Invoice % is issued and stays as it is. " + WAY_ON, "OLD.number")}
            END IF;
            IF (OLD.credited_minor, OLD.paid_minor) IS DISTINCT FROM (NEW.credited_minor, NEW.paid_minor)
                AND pg_trigger_depth() < 2
            THEN
                {refuse(SUMS, "OLD.number")}
            END IF;
            IF OLD.state = 'void' THEN
                {refuse("Invoice % is void and stays void.", "OLD.number")}
            END IF;
            IF NEW.state = 'draft' THEN
                {refuse("Invoice % is issued and no draft again. " + WAY_ON, "OLD.number")}
            END IF;
            IF NEW.state = 'sent' AND coalesce(OLD.sent_at, NEW.sent_at) IS NULL THEN
                NEW.sent_at = statement_timestamp();
            END IF;
            IF NEW.sent_at IS DISTINCT FROM OLD.sent_at THEN
                IF OLD.sent_at IS NOT NULL AND (
                    NEW.sent_at IS NOT NULL OR ({CAME_BACK}) IS NOT TRUE
                ) THEN
                    {refuse(SENT_ONCE, "OLD.number")}
                END IF;
                IF NEW.sent_at NOT BETWEEN OLD.created_at AND clock_timestamp() THEN
                    {refuse(SENT_BY_NOW, "OLD.number")}
                END IF;
            END IF;
            IF NEW.state = 'void' THEN
                IF OLD.state <> 'issued' OR NEW.sent_at IS NOT NULL THEN
                    {refuse(TOO_LATE_FOR_VOID, "OLD.number")}
                END IF;
                IF EXISTS (
                    SELECT 1 FROM billing_invoicemail
                    WHERE invoice_id = OLD.id
                        AND (state IN ('sending', 'sent') OR may_have_left OR sent_at IS NOT NULL)
                ) THEN
                    {refuse(MAY_HAVE_LEFT, "OLD.number")}
                END IF;
                RETURN NEW;
            END IF;
            IF NEW.state NOT IN (OLD.state, 'sent', {SETTLED_STATE}) THEN
                {refuse(STATE_FOLLOWS, "OLD.number")}
            END IF;
            NEW.state = {SETTLED_STATE};
            RETURN NEW;
        """  # noqa: S608  constants


class IssuedByTheDatabasesDay(pgtrigger.Trigger):
    """No invoice is dated after the business day of the database's clock, whoever writes it."""

    when = pgtrigger.After
    operation = pgtrigger.Insert
    level = pgtrigger.Statement
    referencing = pgtrigger.Referencing(new="inserted")
    declare = [("last", "date")]
    func = f"""
        SELECT max(issue_date) INTO last FROM inserted;
        IF last > contracts_business_day() THEN
            {refuse(AHEAD, "last", "contracts_business_day()")}
        END IF;
        RETURN NULL;
    """  # noqa: S608  constants


class NothingBilledWhileWaiting(pgtrigger.Trigger):
    """Refuses invoices and drafts of contracts whose billing waits, whoever writes them."""

    when = pgtrigger.After
    operation = pgtrigger.Insert
    level = pgtrigger.Statement
    referencing = pgtrigger.Referencing(new="inserted")
    declare = [("refused", "text")]

    def get_func(self, model: object) -> str:
        return f"""
            EXECUTE $query$
                SELECT contract.name
                FROM inserted JOIN contracts_contract contract ON contract.id = inserted.contract_id
                WHERE {WAITS}
                LIMIT 1
            $query$ INTO refused;
            IF refused IS NOT NULL THEN
                {refuse(BILLING_WAITS, "refused")}
            END IF;
            RETURN NULL;
        """  # noqa: S608  constants


class InvoiceNamesItsParties(pgtrigger.Trigger):
    """What is issued names seller and buyer, the buyer's address and, with tax, the seller's tax id."""

    when = pgtrigger.After
    operation = pgtrigger.Insert
    level = pgtrigger.Statement
    referencing = pgtrigger.Referencing(new="inserted")
    declare = [("refused", "text")]

    def get_func(self, model: object) -> str:
        return f"""
            SELECT number INTO refused
            FROM inserted JOIN billing_legalentity entity ON entity.id = inserted.legal_entity_id
            WHERE inserted.state <> 'draft' AND (
                coalesce(seller ->> 'name', '') = '' OR coalesce(buyer ->> 'name', '') = ''
                OR {_names_no_address("seller")}
                OR entity.requires_buyer_address AND {_names_no_address("buyer")}
                OR tax_minor <> 0 AND coalesce(seller ->> 'vat_id', '') = ''
                    AND coalesce(seller ->> 'tax_number', '') = ''
            )
            LIMIT 1;
            IF refused IS NOT NULL THEN
                {refuse(NAMELESS, "refused")}
            END IF;
            RETURN NULL;
        """  # noqa: S608  constants


class LinesAddUp(pgtrigger.Trigger):
    """Lines are written with their issued invoice, once and for all: after each insert they are its net.

    EXECUTE plans again each time. A kept plan from when the tables were empty would read them whole.
    """

    when = pgtrigger.After
    operation = pgtrigger.Insert
    level = pgtrigger.Statement
    referencing = pgtrigger.Referencing(new="inserted")
    declare = [("refused", "text")]

    def get_func(self, model: object) -> str:
        return f"""
            EXECUTE $query$
                SELECT invoice.number
                FROM (SELECT DISTINCT invoice_id FROM inserted) touched,
                LATERAL (
                    SELECT number, net_minor FROM billing_invoice
                    WHERE id = touched.invoice_id AND state <> 'draft' OFFSET 0
                ) invoice,
                LATERAL (
                    SELECT sum(amount_minor) AS net_minor FROM billing_invoiceline
                    WHERE invoice_id = touched.invoice_id OFFSET 0
                ) lines
                WHERE lines.net_minor IS DISTINCT FROM invoice.net_minor
                LIMIT 1
            $query$ INTO refused;
            IF refused IS NOT NULL THEN
                {refuse(NO_MORE_LINES, "refused")}
            END IF;
            RETURN NULL;
        """  # noqa: S608  constants


class IssuedHasLines(pgtrigger.Trigger):
    """Every issued invoice has a line when its transaction ends, in a billing run when its statement does."""

    when = pgtrigger.After
    operation = pgtrigger.Insert
    timing = pgtrigger.Deferred
    condition = pgtrigger.Condition("NEW.state <> 'draft'")
    func = f"""
        IF NOT EXISTS (SELECT 1 FROM billing_invoiceline WHERE invoice_id = NEW.id) THEN
            {refuse(NO_LINE, "NEW.number")}
        END IF;
        RETURN NULL;
    """  # noqa: S608  constants


class IssuedLineStays(pgtrigger.Trigger):
    """Lines go only with the draft they are of; none is ever changed."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    declare = [("refused", "text")]

    def get_func(self, model: object) -> str:
        return f"""
            IF TG_OP = 'UPDATE' THEN
                {refuse("A line is never changed. " + WAY_ON)}
            END IF;
            SELECT number INTO refused FROM billing_invoice WHERE id = OLD.invoice_id AND state <> 'draft';
            IF FOUND THEN
                {refuse("Invoice % is issued and its lines stay. " + WAY_ON, "refused")}
            END IF;
            RETURN OLD;
        """  # noqa: S608  constants


def issued_stays(*, name: str, word: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Delete,
        condition=pgtrigger.Condition("OLD.state <> 'draft'"),
        func=refuse(f"{word} % is issued and stays. It can only be corrected.", "OLD.number"),
    )


def kept_as_made(*, name: str, what: str) -> pgtrigger.Trigger:
    """A row that issued documents rest on, and that is written once."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=refuse(f"{what} stays as it is. Issued documents are made again from it and checked by it."),
    )


class CreditNoteIsFrozen(pgtrigger.Trigger):
    """Begins as a draft, is issued with lines that are its net, and never changes after that."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.Update

    def get_func(self, model: object) -> str:
        return f"""
            IF TG_OP = 'INSERT' THEN
                IF NEW.state <> 'draft' THEN
                    {refuse("A credit note begins as a draft. Issuing it gives it the next number.")}
                END IF;
                RETURN NEW;
            END IF;
            IF OLD.state <> 'draft' THEN
                {refuse("Credit note % is issued and stays as it is.", "OLD.number")}
            END IF;
            IF NEW.issue_date > contracts_business_day() THEN
                {refuse(AHEAD, "NEW.issue_date", "contracts_business_day()")}
            END IF;
            IF NEW.issue_date < (SELECT issue_date FROM billing_invoice WHERE id = NEW.invoice_id) THEN
                {refuse(BEFORE_INVOICE, "NEW.number", "NEW.issue_date")}
            END IF;
            IF NEW.state <> 'draft' AND NOT EXISTS (
                SELECT 1 FROM billing_creditnoteline WHERE credit_note_id = NEW.id
            ) THEN
                {refuse(NO_CREDIT_LINE, "NEW.number")}
            END IF;
            IF NEW.state <> 'draft' AND NEW.net_minor <> (
                SELECT coalesce(sum(amount_minor), 0) FROM billing_creditnoteline
                WHERE credit_note_id = NEW.id
            ) THEN
                {refuse("The lines of credit note % are not its net.", "NEW.number")}
            END IF;
            RETURN NEW;
        """  # noqa: S608  constants


class CreditNoteLineIsFrozen(pgtrigger.Trigger):
    """Lines come and go with a draft; those of an issued credit note stay."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
    declare = [("refused", "text")]

    def get_func(self, model: object) -> str:
        return f"""
            IF TG_OP = 'UPDATE' THEN
                {refuse("A line of a credit note is never changed.")}
            END IF;
            SELECT number INTO refused FROM billing_creditnote
            WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.credit_note_id ELSE OLD.credit_note_id END
              AND state <> 'draft';
            IF FOUND THEN
                {refuse("Credit note % is issued and its lines stay as they are.", "refused")}
            END IF;
            RETURN CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END;
        """  # noqa: S608  constants


def reach_invoice(*, column: str, minor: str, too_much: str) -> str:
    """Adds to a sum of the invoice under its row's lock, so that two at once cannot exceed it."""
    return f"""
        SELECT number, currency, total_minor, {column} INTO invoice
        FROM billing_invoice WHERE id = NEW.invoice_id FOR NO KEY UPDATE;
        IF invoice.currency <> NEW.currency THEN
            {refuse("Invoice % is in %, not in %.", "invoice.number", "invoice.currency", "NEW.currency")}
        END IF;
        IF invoice.{column} + {minor} > invoice.total_minor THEN
            {refuse(too_much, "invoice.number")}
        END IF;
        UPDATE billing_invoice SET {column} = {column} + {minor} WHERE id = NEW.invoice_id;
        RETURN NULL;
    """  # noqa: S608  constants


class CreditReachesInvoice(pgtrigger.Trigger):
    when = pgtrigger.After
    operation = pgtrigger.Update
    condition = pgtrigger.Condition("OLD.state = 'draft' AND NEW.state = 'issued'")
    declare = [("invoice", "record")]
    func = reach_invoice(
        column="credited_minor",
        minor="NEW.total_minor",
        too_much="Credit notes are never above their invoice: % has less left.",
    )
