"""The word, colour and icon of every state, for all pages."""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    OK = "ok"
    INFO = "info"
    WAIT = "wait"
    BAD = "bad"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Mark:
    word: str
    tone: Tone
    icon: str


MARKS = {
    # Contracts
    "awaiting_approval": Mark("Awaiting approval", Tone.WAIT, "clock"),
    "scheduled": Mark("Scheduled", Tone.INFO, "clock"),
    "active": Mark("Active", Tone.OK, "dot"),
    "suspended": Mark("Suspended", Tone.WAIT, "pause"),
    "completed": Mark("Completed", Tone.OFF, "check"),
    "terminated": Mark("Terminated", Tone.OFF, "cross"),
    # Schedules and instalments
    "asks": Mark("Needs a decision", Tone.WAIT, "warning"),
    "waits": Mark("Billing waits", Tone.WAIT, "hold"),
    "ended": Mark("Ended", Tone.OFF, "check"),
    "planned": Mark("Planned", Tone.INFO, "ring"),
    "drafted": Mark("Awaiting approval", Tone.WAIT, "clock"),
    "due_now": Mark("Invoiced today", Tone.OK, "invoice"),
    "invoiced": Mark("Invoiced", Tone.OK, "check"),
    "billed_elsewhere": Mark("Already billed elsewhere", Tone.OFF, "check"),
    # Invoices
    "draft": Mark("Draft", Tone.OFF, "pencil"),
    "issued": Mark("Issued", Tone.INFO, "invoice"),
    "sent": Mark("Sent", Tone.INFO, "sent"),
    "part_paid": Mark("Part paid", Tone.WAIT, "half"),
    "paid": Mark("Paid", Tone.OK, "check"),
    "overdue": Mark("Overdue", Tone.BAD, "warning"),
    "void": Mark("Void", Tone.OFF, "cross"),
    "credited": Mark("Credited", Tone.OFF, "return"),
    # Mails of invoices and credit notes; the others are worded as elsewhere
    "by_hand": Mark("Not sent yet", Tone.OFF, "hold"),
    "no_address": Mark("No address", Tone.BAD, "warning"),
    "waiting": Mark("Waiting", Tone.INFO, "clock"),
    "sending": Mark("Being sent", Tone.INFO, "sync"),
    "bounced": Mark("Bounced", Tone.BAD, "return"),
    "withdrawn": Mark("Withdrawn", Tone.OFF, "cross"),
    # Connections
    "not_connected": Mark("Not connected", Tone.OFF, "ring"),
    "connected": Mark("Connected", Tone.OK, "check"),
    "degraded": Mark("Degraded", Tone.WAIT, "warning"),
    "broken": Mark("Broken", Tone.BAD, "cross"),
    "paused": Mark("Paused", Tone.OFF, "pause"),
    # Runs
    "running": Mark("Running", Tone.INFO, "sync"),
    "parked": Mark("Parked", Tone.WAIT, "pause"),
    "done": Mark("Done", Tone.OK, "check"),
    "errored": Mark("Errored", Tone.BAD, "warning"),
    # Parts of the health page; the others are worded as elsewhere
    "ok": Mark("In order", Tone.OK, "check"),
    "attention": Mark("Needs attention", Tone.WAIT, "warning"),
    "unreachable": Mark("Unreachable", Tone.BAD, "cross"),
    "unknown": Mark("Unknown", Tone.OFF, "ring"),
    "stale": Mark("No sign of life", Tone.BAD, "cross"),
    "silent": Mark("Silent", Tone.BAD, "warning"),
    "busy": Mark("Busy", Tone.WAIT, "clock"),
    "frozen": Mark("Frozen", Tone.BAD, "cross"),
    "late": Mark("Late", Tone.BAD, "clock"),
    "failing": Mark("Failing", Tone.BAD, "warning"),
    "full": Mark("Cannot write", Tone.BAD, "cross"),
    "low": Mark("Nearly full", Tone.BAD, "warning"),
    "differs": Mark("Differs", Tone.BAD, "warning"),
    "violated": Mark("Broken", Tone.BAD, "cross"),
    "unchecked": Mark("Not checked", Tone.WAIT, "clock"),
    # Imports and their previews
    "reading": Mark("Reading deals", Tone.INFO, "sync"),
    "ready": Mark("Ready to import", Tone.INFO, "ring"),
    "importing": Mark("Importing", Tone.INFO, "sync"),
    "stopped": Mark("Stopped", Tone.BAD, "cross"),
    # Deals and their outcomes
    "imported": Mark("Imported", Tone.OK, "check"),
    "held": Mark("Held", Tone.WAIT, "hold"),
    "dismissed": Mark("Dismissed", Tone.OFF, "cross"),
    "left": Mark("No longer won", Tone.OFF, "return"),
    "merged": Mark("Merged into another deal", Tone.OFF, "equal"),
    "created": Mark("Created", Tone.OK, "plus"),
    "updated": Mark("Updated", Tone.INFO, "pencil"),
    "unchanged": Mark("Unchanged", Tone.OFF, "equal"),
    "previewed": Mark("Previewed", Tone.INFO, "ring"),
    "left_won": Mark("No longer won", Tone.WAIT, "return"),
    "not_selected": Mark("In no selected stage", Tone.OFF, "ring"),
    "too_early": Mark("Closed before the import", Tone.OFF, "clock"),
    "repeated": Mark("Read twice or merged", Tone.OFF, "equal"),
    "uncounted": Mark("Not counted apart", Tone.OFF, "ring"),
    "refused": Mark("Refused", Tone.BAD, "cross"),
    "failed": Mark("Failed", Tone.BAD, "cross"),
}


def mark(*, state: str) -> Mark:
    return MARKS[state]
