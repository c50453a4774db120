"""The choices of schedules, invoices and their mails."""

from django.db import models


class ScheduleState(models.TextChoices):
    ACTIVE = "active", "Active"
    ASKS = "asks", "Needs a decision"
    ENDED = "ended", "Ended"


class AskReason(models.TextChoices):
    """Why a schedule waits for a person's decision."""

    MISSED = "missed", "Periods were missed long ago"
    MANY = "many", "Many invoices in one run"


class WaitCode(models.TextChoices):
    """Why the billing of a contract waits. schedules/waiting.py has a sentence and a next step for each."""

    MANY_DEALS = "many_deals", "Many new deals at once"
    LARGE_VALUE = "large_value", "Far more value than usual"
    NOT_SHOWN = "not_shown", "Not shown before billing was started"
    BUYER_ADDRESS = "buyer_address", "Customer's address missing"
    TAX_UNDECIDED = "tax_undecided", "Tax not decided"
    SELLER_TAX_ID = "seller_tax_id", "Your tax ID missing"
    PO_MISSING = "po_missing", "PO number missing"
    UNPRINTABLE = "unprintable", "Letters that cannot be printed"


class ChangeOrigin(models.TextChoices):
    CRM = "crm", "The CRM"
    HAND = "hand", "By hand"


class ChangeKind(models.TextChoices):
    CRM_CHANGE = "crm_change", "CRM change"
    DEAL_LEFT = "deal_left", "Deal no longer won"


class ChangeState(models.TextChoices):
    OPEN = "open", "Open"
    WITHDRAWN = "withdrawn", "Withdrawn"


class InstalmentState(models.TextChoices):
    PLANNED = "planned", "Planned"
    DRAFTED = "drafted", "Awaiting approval"
    INVOICED = "invoiced", "Invoiced"
    BILLED_ELSEWHERE = "billed_elsewhere", "Already billed elsewhere"


class InvoiceState(models.TextChoices):
    DRAFT = "draft", "Draft"
    ISSUED = "issued", "Issued"
    SENT = "sent", "Sent"
    PART_PAID = "part_paid", "Part paid"
    PAID = "paid", "Paid"
    VOID = "void", "Void"
    CREDITED = "credited", "Credited"


class SeriesKind(models.TextChoices):
    INVOICE = "invoice", "Invoices"
    CREDIT_NOTE = "credit_note", "Credit notes"


class CreditNoteState(models.TextChoices):
    DRAFT = "draft", "Draft"
    ISSUED = "issued", "Issued"


class AfterVoid(models.TextChoices):
    """What becomes of the period of a void invoice."""

    BILL_AGAIN = "bill_again", "Bill the period again with the next run"
    SUSPEND = "suspend", "Suspend the contract until somebody resumes it"


class BillingMode(models.TextChoices):
    AUTO = "auto", "Auto: issue what is due"
    APPROVE = "approve", "Approve: leave drafts in the queue"


class LimitKind(models.TextChoices):
    INVOICE = "invoice", "Invoices"
    CREDIT_NOTE = "credit_note", "Credit notes"


class BillingRunState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    PARKED = "parked", "Parked"


class BillingTrigger(models.TextChoices):
    SCHEDULE = "schedule", "Hourly"
    SYNC = "sync", "After a sync"
    COMMAND = "command", "Command"
    PERSON = "person", "By hand"
    APPROVAL = "approval", "Approval"


class MailState(models.TextChoices):
    BY_HAND = "by_hand", "Not sent yet"
    NO_ADDRESS = "no_address", "No address"
    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    BOUNCED = "bounced", "Bounced"
    FAILED = "failed", "Failed"
    WITHDRAWN = "withdrawn", "Withdrawn"


class RestoreSign(models.TextChoices):
    """By what a database that was restored from a backup is recognised."""

    BEHIND = "behind", "Numbers were given that this database does not know."
    COPIED = "copied", "This database is a copy: it was restored from a backup or moved to another server."
    UNWITNESSED = "unwitnessed", "The file that keeps the highest numbers given is missing."
    UNREADABLE = "unreadable", "The file that keeps the highest numbers given cannot be read."


class AskedBecause(models.TextChoices):
    """Why a row of a payment file may be recorded already."""

    EQUAL = "equal", "Equal to a payment of another file"
    ALIKE = "alike", "Equal to a payment of another file but for its text"
    BY_HAND = "by_hand", "Equal to a payment recorded by hand"
    TAKEN_BACK = "taken_back", "Recorded and taken back"


class ControlKind(models.TextChoices):
    """What takes a second person."""

    LIMIT = "limit", "Limit"
    POLICY = "policy", "Billing policy"
    LETTERHEAD = "letterhead", "Bank details"
    VOID = "void", "Void invoice"


class ControlOutcome(models.TextChoices):
    OPEN = "", "Waits"
    CONFIRMED = "confirmed", "Confirmed"
    WITHDRAWN = "withdrawn", "Withdrawn"
    ALONE = "alone", "Within the limit of one person"
