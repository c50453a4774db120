"""The words of documents in each language, and how money and dates are written in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from billing.documents.content import Party
from billing.tax import percent_of
from contracts.custom_values import NO, YES, shown_value
from contracts.enums import CustomFieldType, Language
from contracts.money import Money

ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    language: Language
    invoice: str
    credit_note: str
    draft: str
    billed_to: str
    number: str
    issue_date: str
    credit_note_number: str
    credit_note_date: str
    due_date: str
    payment_terms: str
    days: str
    po_number: str
    tax_id: str
    vat_id: str
    tax_number: str
    company_id: str
    reason: str
    description: str
    period: str
    amount: str
    net: str
    tax: str
    tax_at: str
    includes_tax: str
    total: str
    page: str
    group: str
    point: str
    yes: str
    no: str

    def money(self, minor: int, currency: str) -> str:
        """The amount alone: 1,234.50 or 1.234,50."""
        return Money(minor=minor, currency=currency).format_amount(group=self.group, point=self.point)

    def percent(self, rate: int) -> str:
        """19 or 8.875, in German 8,875."""
        return f"{percent_of(rate=rate):f}".replace(".", self.point)

    def day(self, value: date) -> str:
        """22 Nov 2026 or 22.11.2026."""
        if self.language == Language.GERMAN:
            return f"{value.day:02d}.{value.month:02d}.{value.year}"
        return f"{value.day} {ENGLISH_MONTHS[value.month - 1]} {value.year}"

    def custom_value(self, text: str, *, type: str) -> str:
        """A custom field's value as this language writes its type."""
        shown = shown_value(label="", text=text, type=type)
        if shown.day is not None:
            return self.day(shown.day)
        if shown.number is not None:
            swapped = str.maketrans({",": self.group, ".": self.point})
            return f"{shown.number:,f}".translate(swapped)
        if type == CustomFieldType.YES_NO:
            return {YES: self.yes, NO: self.no}.get(text, text)
        return text

    def ids(self, party: Party) -> list[str]:
        """A line for each id that a party has, with its right name."""
        said = (
            (self.tax_id.replace("{tax_id}", "{id}"), party.tax_id),
            (self.vat_id, party.vat_id),
            (self.tax_number, party.tax_number),
            (self.company_id, party.company_id),
        )
        return [label.format(id=written) for label, written in said if written]

    def span(self, first: date, last: date) -> str:
        return f"{self.day(first)} – {self.day(last)}"


WORDINGS: Mapping[str, Wording] = {
    wording.language: wording
    for wording in (
        Wording(
            language=Language.ENGLISH,
            invoice="Invoice",
            credit_note="Credit note",
            draft="DRAFT",
            billed_to="Billed to",
            number="Invoice number",
            issue_date="Invoice date",
            credit_note_number="Credit note number",
            credit_note_date="Credit note date",
            due_date="Due date",
            payment_terms="Payment terms",
            days="{days} days",
            po_number="PO number",
            tax_id="Tax ID {tax_id}",
            vat_id="VAT ID {id}",
            tax_number="Tax number {id}",
            company_id="Company ID {id}",
            reason="Reason",
            description="Description",
            period="Period",
            amount="Amount ({currency})",
            net="Net",
            tax="Tax",
            tax_at="Tax {rate} % on {net}",
            includes_tax="Agreed prices include tax. The lines above are without it.",
            total="Total",
            page="{page} of {pages}",
            group=",",
            point=".",
            yes="Yes",
            no="No",
        ),
        Wording(
            language=Language.GERMAN,
            invoice="Rechnung",
            credit_note="Rechnungskorrektur",
            draft="ENTWURF",
            billed_to="Rechnung an",
            number="Rechnungsnummer",
            issue_date="Rechnungsdatum",
            credit_note_number="Korrekturnummer",
            credit_note_date="Korrekturdatum",
            due_date="Fällig am",
            payment_terms="Zahlungsziel",
            days="{days} Tage",
            po_number="Bestellnummer",
            tax_id="Steuernummer {tax_id}",
            vat_id="USt-IdNr. {id}",
            tax_number="Steuernummer {id}",
            company_id="Registernummer {id}",
            reason="Grund",
            description="Beschreibung",
            period="Zeitraum",
            amount="Betrag ({currency})",
            net="Netto",
            tax="Steuer",
            tax_at="Steuer {rate} % auf {net}",
            includes_tax="Vereinbarte Preise enthalten die Steuer. Die Positionen oben sind ohne sie.",
            total="Gesamt",
            page="{page} von {pages}",
            group=".",
            point=",",
            yes="Ja",
            no="Nein",
        ),
    )
}


def wording_for(language: str) -> Wording:
    """English where a language is not, or not any more, one of ours."""
    return WORDINGS.get(language, WORDINGS[Language.ENGLISH])
