"""The words in which a foretold deal is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.issuing.foretelling import ForetoldInstalment, ForetoldInvoice
from contracts.writing import write_money
from crm_sync.enums import Outcome
from crm_sync.previews.rehearsal import Foretold

WORDS = {
    Outcome.CREATED: "This deal would become a contract.",
    Outcome.UPDATED: "This deal has a contract, which would change.",
    Outcome.UNCHANGED: "This deal has a contract, which would stay as it is.",
    Outcome.HELD: "This deal would be held.",
    Outcome.REFUSED: "This deal has a contract, which would keep its values.",
    Outcome.FAILED: "This deal could not be stored.",
}
TONES = {
    Outcome.CREATED: "ok",
    Outcome.UPDATED: "info",
    Outcome.UNCHANGED: "info",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    tone: str
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalmentRow:
    """One row of the schedule, with the invoice it would become at once."""

    instalment: ForetoldInstalment
    invoice: ForetoldInvoice | None
    state: str


def headline_of(one: Foretold, *, left_out: str = "") -> Headline:
    if left_out:
        return Headline(
            tone="wait",
            what=f"This deal would not be imported. {left_out}",
            why="Below is what it would become if it were.",
        )
    return Headline(
        tone=TONES.get(one.outcome, "wait"),
        what=WORDS.get(one.outcome, one.outcome.label),
        why=made_of(one) or ("" if one.problems else one.sentence),
    )


def made_of(one: Foretold) -> str:
    """What a contract that is not there yet would be."""
    if one.outcome is not Outcome.CREATED or one.contract is None or one.billing is None:
        return ""
    number, invoices = len(one.billing.instalments), len(one.billing.invoices)
    parts = [f"{number} instalment{'' if number == 1 else 's'}"]
    parts += [f"{invoices} invoice{'' if invoices == 1 else 's'} today"] if invoices else []
    return f"A contract over {write_money(one.contract.value)} with {', '.join(parts)}."


def instalment_rows(one: Foretold) -> Sequence[InstalmentRow]:
    if one.billing is None:
        return []
    invoices = {invoice.sequence: invoice for invoice in one.billing.invoices}
    return [
        InstalmentRow(
            instalment=instalment,
            invoice=invoices.get(instalment.sequence),
            state=state_of(instalment, invoice=invoices.get(instalment.sequence)),
        )
        for instalment in one.billing.instalments
    ]


def state_of(instalment: ForetoldInstalment, *, invoice: ForetoldInvoice | None) -> str:
    if instalment.is_elsewhere:
        return "billed_elsewhere"
    if invoice is None:
        return "planned"
    return "drafted" if invoice.needs_approval else "due_now"
