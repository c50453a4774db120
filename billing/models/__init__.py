from billing.models.changes import ContractChange
from billing.models.controls import ControlChange
from billing.models.credit_notes import CreditNote, CreditNoteLine
from billing.models.documents import (
    FOOTER_LENGTH,
    CreditNoteRendering,
    InvoiceMail,
    InvoiceRendering,
    Letterhead,
    Logo,
    Mailing,
)
from billing.models.invoices import Invoice, InvoiceLine
from billing.models.legal_entities import NUMBER_LENGTH, LegalEntity, NumberSeries
from billing.models.payments import BankProfile, Payment, PaymentImport
from billing.models.policies import ApprovalLimit, BillingPolicy
from billing.models.restoring import DatabaseMark, NumberGap
from billing.models.schedules import BillingRun, BillingSchedule, Instalment
from billing.models.waits import WAITS, WAITS_BY_ITSELF, BillingWait

__all__ = [
    "FOOTER_LENGTH",
    "NUMBER_LENGTH",
    "WAITS",
    "WAITS_BY_ITSELF",
    "BillingWait",
    "ContractChange",
    "ControlChange",
    "CreditNoteRendering",
    "DatabaseMark",
    "NumberGap",
    "InvoiceMail",
    "InvoiceRendering",
    "Letterhead",
    "Logo",
    "Mailing",
    "ApprovalLimit",
    "BankProfile",
    "BillingPolicy",
    "BillingRun",
    "BillingSchedule",
    "CreditNote",
    "CreditNoteLine",
    "Instalment",
    "Invoice",
    "InvoiceLine",
    "LegalEntity",
    "NumberSeries",
    "Payment",
    "PaymentImport",
]
