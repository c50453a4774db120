"""The choices of schedules, invoices and their mails."""

from django.db import models


class ScheduleState(models.TextChoices):
    ACTIVE = "active", "Active"
    ASKS = "asks", "Needs a decision"
    ENDED = "ended", "Ended"


class InstalmentState(models.TextChoices):
    PLANNED = "planned", "Planned"
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


class BillingRunState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class BillingTrigger(models.TextChoices):
    SCHEDULE = "schedule", "Hourly"
    SYNC = "sync", "After a sync"
    COMMAND = "command", "Command"
    PERSON = "person", "By hand"


class MailState(models.TextChoices):
    BY_HAND = "by_hand", "Not sent yet"
    NO_ADDRESS = "no_address", "No address"
    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    WITHDRAWN = "withdrawn", "Withdrawn"
