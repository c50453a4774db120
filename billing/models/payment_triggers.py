"""What the database refuses of payments automatically, whoever writes them."""

import pgtrigger

from billing.models.triggers import reach_invoice, refuse

NOT_YET = "No payment has come yet on %, which lies after the database''s day, %."
LONG_BEFORE = "% is more than a year before invoice %, so no payment of it came then. Correct the day."


class PaymentCameByNow(pgtrigger.Trigger):
    """No payment is dated after the database's business day, or more than a year before its invoice."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert
    declare = [("invoice", "record")]
    func = f"""
        IF NEW.received_date > contracts_business_day() THEN
            {refuse(NOT_YET, "NEW.received_date", "contracts_business_day()")}
        END IF;
        SELECT number, issue_date INTO invoice FROM billing_invoice WHERE id = NEW.invoice_id;
        IF NEW.reverses_id IS NULL AND NEW.received_date < invoice.issue_date - interval '1 year' THEN
            {refuse(LONG_BEFORE, "NEW.received_date", "invoice.number")}
        END IF;
        RETURN NEW;
    """  # noqa: S608  constants


class PaymentReachesInvoice(pgtrigger.Trigger):
    when = pgtrigger.After
    operation = pgtrigger.Insert
    declare = [("invoice", "record"), ("reversed", "record")]

    def get_func(self, model: object) -> str:
        return f"""
            IF NEW.reverses_id IS NOT NULL THEN
                SELECT invoice_id, amount_minor, reverses_id INTO reversed
                FROM billing_payment WHERE id = NEW.reverses_id;
                IF (reversed.invoice_id, reversed.amount_minor) <> (NEW.invoice_id, -NEW.amount_minor) THEN
                    {refuse("A payment is taken back whole, from the invoice that it was recorded for.")}
                END IF;
            END IF;
            {
            reach_invoice(
                column="paid_minor",
                minor="NEW.amount_minor",
                too_much="Payments are never above their invoice: % has less open.",
            )
        }
        """  # noqa: S608  constants


class PaymentStays(pgtrigger.Trigger):
    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = refuse("A payment stays as it was recorded. Take it back instead.")
