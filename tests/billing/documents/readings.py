"""What a reader must find on a document, written from its facts without the product's own words and formats."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import chain

from billing.documents.content import Document
from tests.billing.documents.papers import pages, shown

DECIMALS = {"JPY": 0, "USD": 2, "EUR": 2, "BHD": 3, "CLF": 4}
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ENGLISH = {
    "reason": "Reason",
    "invoice": "Invoice",
    "credit note": "Credit note",
    "to": "Billed to",
    "facts": ["Invoice number", "Invoice date", "Due date", "Payment terms"],
    "credit facts": ["Credit note number", "Credit note date", "Invoice number", "Invoice date"],
    "days": "days",
    "po": "PO number",
    "ids": {"tax_id": "Tax ID", "vat_id": "VAT ID", "tax_number": "Tax number", "company_id": "Company ID"},
    "head": ["Description", "Period", "Amount"],
    "net": "Net",
    "tax": "Tax",
    "on": "on",
    "total": "Total",
    "of": "of",
    "includes": "Agreed prices include tax. The lines above are without it.",
}
GERMAN = {
    "reason": "Grund",
    "invoice": "Rechnung",
    "credit note": "Rechnungskorrektur",
    "to": "Rechnung an",
    "facts": ["Rechnungsnummer", "Rechnungsdatum", "Fällig am", "Zahlungsziel"],
    "credit facts": ["Korrekturnummer", "Korrekturdatum", "Rechnungsnummer", "Rechnungsdatum"],
    "days": "Tage",
    "po": "Bestellnummer",
    "ids": {
        "tax_id": "Steuernummer",
        "vat_id": "USt-IdNr.",
        "tax_number": "Steuernummer",
        "company_id": "Registernummer",
    },
    "head": ["Beschreibung", "Zeitraum", "Betrag"],
    "net": "Netto",
    "tax": "Steuer",
    "on": "auf",
    "total": "Gesamt",
    "of": "von",
    "includes": "Vereinbarte Preise enthalten die Steuer. Die Positionen oben sind ohne sie.",
}


def amount(minor: int, document: Document) -> str:
    digits = f"{abs(minor):06d}"
    decimals = DECIMALS[document.currency]
    whole, rest = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    written = f"{int(whole):,}{'.' if decimals else ''}{rest}"
    if document.language == "de":
        written = written.translate(str.maketrans(",.", ".,"))
    return f"-{written}" if minor < 0 else written


def day(value: date, document: Document) -> str:
    if document.language == "de":
        return value.strftime("%d.%m.") + str(value.year)
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def rate(thousandths: int, document: Document) -> str:
    written = f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".")
    return written.replace(".", ",") if document.language == "de" else written


def facts(document: Document, words: dict) -> list[str]:
    assert document.issue_date
    issued = [document.number or "", day(document.issue_date, document)]
    if document.credits:
        credited = [document.credits.number, day(document.credits.issue_date, document)]
        return [*words["credit facts"], *issued, *credited]
    assert document.due_date
    terms = f"{document.payment_terms_days} {words['days']}"
    return [*words["facts"], *issued, day(document.due_date, document), terms]


def sums(document: Document, words: dict) -> list[str]:
    said = [words["net"], amount(document.net_minor, document)]
    for tax in document.taxes:
        said += [words["tax"], rate(tax.rate, document), "%", words["on"], amount(tax.net, document)]
        said += [amount(tax.tax, document)]
    if not document.taxes:
        said += [words["tax"], amount(document.tax_minor, document)]
    said += [words["total"], document.currency, amount(document.total_minor, document)]
    return [*said, words["includes"]] if document.prices_include_tax else said


def everything_said(document: Document, *, page_count: int, heads: int) -> str:
    """Without blanks. Only how often a table begins again is left to the layout."""
    words = GERMAN if document.language == "de" else ENGLISH
    title = words["credit note"] if document.credits else words["invoice"]
    said = [title, *facts(document, words), words["to"]]
    said += [words["po"], document.po_number] if document.po_number else []
    for party in (document.seller, document.buyer):
        said += [party.name, party.address, party.legal_info]
        for name, label in words["ids"].items():
            said += [label, getattr(party, name)] if getattr(party, name) else []
    said += [words["reason"], document.reason] if document.reason else []
    for custom in document.custom_fields:
        said += [custom.label, custom.value]
    for line in document.lines:
        said += [line.description, day(line.first_day, document), "–", day(line.last_day, document)]
        said += [amount(line.amount_minor, document)]
    said += sums(document, words)
    said += [*words["head"], f"({document.currency})"] * heads
    said += [f"{document.footer}{number}{words['of']}{page_count}" for number in range(1, page_count + 1)]
    said += [f"{document.seller.name}{title}{document.number}"] * (page_count - 1)
    return "".join(shown(part) for part in said)


def assert_read_as(document: Document, pdf: bytes) -> list[list[str]]:
    """Every letter of the document and none besides, and short texts in one piece; the pages as read."""
    found = pages(pdf)
    text = shown("".join(chain(*found)))
    words = GERMAN if document.language == "de" else ENGLISH
    heads = sum(line == f"{words['head'][-1]} ({document.currency})" for page in found for line in page)
    assert 1 <= heads <= len(found)
    assert Counter(text) == Counter(everything_said(document, page_count=len(found), heads=heads))
    for piece in pieces(document):
        assert shown(piece) in text, piece
    return found


def pieces(document: Document) -> Sequence[str]:
    """What stands on one line, and is read from left to right."""
    texts = [
        document.number or "",
        document.buyer.name,
        document.buyer.tax_id,
        document.buyer.tax_number,
        document.po_number,
    ]
    texts += [line.description for line in document.lines]
    amounts = [amount(line.amount_minor, document) for line in document.lines]
    total = f"{document.currency} {amount(document.total_minor, document)}"
    plain = (
        text for text in texts if len(text) < 30 and max(text, default="") < "\u0590" and "\n" not in text
    )
    return [total, *amounts, *plain]
