"""Where everything on a document stands: pages of marks, computed from the content alone.

Text flows down and on to as many pages as it needs; nothing is cut off. In points, from the lower left
corner of A4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest

from billing.documents.content import Document, Line, Party
from billing.documents.fonts import LetterFont, fonts
from billing.documents.text import Measure, one_line, wrap
from billing.documents.wording import Wording, wording_for

PAGE_WIDTH, PAGE_HEIGHT = 595.2, 841.8
LEFT, RIGHT, TOP = 56.0, 539.2, 788.0
FOOTER_FROM = 44.0
FOOTER_LINES = 6
LOGO_WIDTH, LOGO_HEIGHT = 170.0, 56.0

FACTS_FROM, FACTS_WIDTH, FACTS_HEIGHT = 330.0, 100.0, 200.0
BUYER_WIDTH = 250.0
LABEL_WIDTH = 160.0
PERIOD_FROM, PERIOD_WIDTH = 292.0, 132.0
DESCRIPTION_WIDTH = PERIOD_FROM - LEFT - 14
TOTALS_FROM = 330.0

NORMAL, SMALL, HEADLINE = 9.0, 7.5, 20.0
LEADING = 1.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    x: float
    y: float
    size: float
    text: str
    bold: bool = False
    muted: bool = False
    from_right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    y: float
    left: float = LEFT
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    x: float
    top: float
    width: float
    height: float


Mark = Text | Rule | Picture


@dataclass(slots=True)
class _Sheet:
    """The pages so far; `y` is where the last one continues."""

    document: Document
    words: Wording
    pages: list[list[Mark]] = field(default_factory=lambda: [[]])
    y: float = TOP
    bottom: float = 0.0
    in_table: bool = False

    def put(self, mark: Mark) -> None:
        self.pages[-1].append(mark)

    def room_for(self, height: float) -> None:
        """Continues to a new page where the height does not fit any more."""
        if self.y - height < self.bottom and self.y < TOP:
            self.pages.append([])
            self.y = TOP
            _running_head(self)
            if self.in_table:
                _table_head(self)


def lay_out(document: Document) -> list[list[Mark]]:
    """The marks of each page, page numbers included."""
    sheet = _Sheet(document=document, words=wording_for(document.language))
    footer = _footer_lines(document.footer)
    sheet.bottom = FOOTER_FROM + len(footer) * SMALL * LEADING + 22
    _letterhead(sheet)
    _parties_and_facts(sheet)
    if document.reason:
        _reason(sheet)
    _custom_facts(sheet)
    _table(sheet)
    _totals(sheet)
    for number, page in enumerate(sheet.pages, start=1):
        page.extend(_foot(footer, sheet.words.page.format(page=number, pages=len(sheet.pages))))
    return sheet.pages


def title(*, document: Document, words: Wording) -> str:
    return words.credit_note if document.credits else words.invoice


def _letterhead(sheet: _Sheet) -> None:
    words, seller = sheet.words, sheet.document.seller
    headline = title(document=sheet.document, words=words)
    sheet.put(Text(x=RIGHT, y=TOP - 16, size=HEADLINE, text=headline, bold=True, from_right=True))
    if sheet.document.logo:
        sheet.put(Picture(x=LEFT, top=TOP, width=LOGO_WIDTH, height=LOGO_HEIGHT))
        sheet.y = TOP - LOGO_HEIGHT - 10
    _lines(sheet, seller.name, size=NORMAL if sheet.document.logo else 13.0, bold=True, width=260.0)
    _lines(sheet, seller.address, size=SMALL, muted=True, width=260.0)
    for line in [*words.ids(seller), seller.legal_info]:
        _lines(sheet, line, size=SMALL, muted=True, width=260.0)
    sheet.y -= 26


def _parties_and_facts(sheet: _Sheet) -> None:
    """Side by side; the table begins below the longer one."""
    sheet.room_for(FACTS_HEIGHT)
    page, top = len(sheet.pages), sheet.y
    facts_end = _facts(sheet, top)
    _buyer(sheet, sheet.document.buyer)
    if len(sheet.pages) == page:
        sheet.y = min(sheet.y, facts_end)
    sheet.y -= 22


def _reason(sheet: _Sheet) -> None:
    _lines(sheet, sheet.words.reason, size=SMALL, muted=True, width=RIGHT - LEFT)
    _lines(sheet, sheet.document.reason, size=NORMAL, width=RIGHT - LEFT)
    sheet.y -= 16


def _buyer(sheet: _Sheet, buyer: Party) -> None:
    words = sheet.words
    _lines(sheet, words.billed_to, size=SMALL, muted=True, width=BUYER_WIDTH)
    _lines(sheet, buyer.name, size=NORMAL + 1, bold=True, width=BUYER_WIDTH)
    _lines(sheet, buyer.address, size=NORMAL, width=BUYER_WIDTH)
    for line in words.ids(buyer):
        _lines(sheet, line, size=NORMAL, width=BUYER_WIDTH)


def _facts(sheet: _Sheet, top: float) -> float:
    """Beside the buyer; the texts are short enough for the first page. Returns where they end."""
    document, words = sheet.document, sheet.words
    facts = _credit_note_facts(document, words) if document.credits else _invoice_facts(document, words)
    facts.append((words.po_number, document.po_number))
    measure = _measure(fonts().regular, NORMAL)
    y = top
    value_from = FACTS_FROM + FACTS_WIDTH
    for label, value in facts:
        lines = wrap(value or "", width=RIGHT - value_from, measure=measure)
        for place, line in enumerate(lines):
            y -= NORMAL * LEADING
            if place == 0:
                sheet.put(Text(x=FACTS_FROM, y=y, size=NORMAL, text=label, muted=True))
            sheet.put(Text(x=value_from, y=y, size=NORMAL, text=line))
        y -= 2 if lines else 0
    return y


def _custom_facts(sheet: _Sheet) -> None:
    """Label and value side by side, over as many lines and pages as they need."""
    facts, measure = sheet.document.custom_fields, _measure(fonts().regular, NORMAL)
    for fact in facts:
        value = sheet.words.custom_value(fact.value, type=fact.type)
        labels = wrap(fact.label, width=LABEL_WIDTH, measure=measure)
        values = wrap(value, width=RIGHT - LEFT - LABEL_WIDTH - 14, measure=measure)
        for label, line in zip_longest(labels, values, fillvalue=""):
            sheet.room_for(NORMAL * LEADING)
            sheet.y -= NORMAL * LEADING
            sheet.put(Text(x=LEFT, y=sheet.y, size=NORMAL, text=label, muted=True))
            sheet.put(Text(x=LEFT + LABEL_WIDTH + 14, y=sheet.y, size=NORMAL, text=line))
        sheet.y -= 2
    sheet.y -= 16 if facts else 0


def _invoice_facts(document: Document, words: Wording) -> list[tuple[str, str | None]]:
    return [
        (words.number, document.number),
        (words.issue_date, words.day(document.issue_date) if document.issue_date else None),
        (words.due_date, words.day(document.due_date) if document.due_date else None),
        (words.payment_terms, words.days.format(days=document.payment_terms_days)),
    ]


def _credit_note_facts(document: Document, words: Wording) -> list[tuple[str, str | None]]:
    assert document.credits is not None
    return [
        (words.credit_note_number, document.number),
        (words.credit_note_date, words.day(document.issue_date) if document.issue_date else None),
        (words.number, document.credits.number),
        (words.issue_date, words.day(document.credits.issue_date)),
    ]


def _table(sheet: _Sheet) -> None:
    sheet.room_for(60)
    _table_head(sheet)
    sheet.in_table = True
    for line in sheet.document.lines:
        _row(sheet, line)
    sheet.in_table = False


def _table_head(sheet: _Sheet) -> None:
    words = sheet.words
    y = sheet.y - SMALL - 4
    amount = words.amount.format(currency=sheet.document.currency)
    sheet.put(Text(x=LEFT, y=y, size=SMALL, text=words.description, bold=True))
    sheet.put(Text(x=PERIOD_FROM, y=y, size=SMALL, text=words.period, bold=True))
    sheet.put(Text(x=RIGHT, y=y, size=SMALL, text=amount, bold=True, from_right=True))
    sheet.put(Rule(y=y - 5, strong=True))
    sheet.y = y - 8


def _row(sheet: _Sheet, line: Line) -> None:
    """Kept on one page where it fits on one."""
    words, step = sheet.words, NORMAL * LEADING
    description = wrap(line.description, width=DESCRIPTION_WIDTH, measure=_measure(fonts().regular, NORMAL))
    height = len(description) * step + 7
    sheet.room_for(height if height < TOP - sheet.bottom - 60 else step + 7)
    for place, text in enumerate(description or [""]):
        sheet.room_for(step)
        sheet.y -= step
        sheet.put(Text(x=LEFT, y=sheet.y, size=NORMAL, text=text))
        if place == 0:
            period = words.span(line.first_day, line.last_day)
            amount = words.money(line.amount_minor, sheet.document.currency)
            sheet.put(Text(x=PERIOD_FROM, y=sheet.y, size=NORMAL, text=period))
            sheet.put(Text(x=RIGHT, y=sheet.y, size=NORMAL, text=amount, from_right=True))
    sheet.put(Rule(y=sheet.y - 5))
    sheet.y -= 7


def _totals(sheet: _Sheet) -> None:
    """Net, the tax of each rate, and what is owed, with room for the widest amounts beside their labels."""
    document, words, step = sheet.document, sheet.words, NORMAL * LEADING + 4
    currency = document.currency
    rows = [(label, words.money(minor, currency)) for label, minor in _sums(document, words)]
    total = f"{currency} {words.money(document.total_minor, currency)}"
    left = min(TOTALS_FROM, *(_left_of(*row) for row in rows))
    sheet.room_for(3 * step + 20)
    sheet.y -= 6
    for place, (label, amount) in enumerate(rows, start=1):
        sheet.room_for(step + (step + 6 if place == len(rows) else 0))
        sheet.y -= step
        sheet.put(Text(x=left, y=sheet.y, size=NORMAL, text=label, muted=True))
        sheet.put(Text(x=RIGHT, y=sheet.y, size=NORMAL, text=amount, from_right=True))
    sheet.put(Rule(y=sheet.y - 6, left=left, strong=True))
    sheet.y -= step + 6
    sheet.put(Text(x=left, y=sheet.y, size=NORMAL + 1, text=words.total, bold=True))
    sheet.put(Text(x=RIGHT, y=sheet.y, size=NORMAL + 1, text=total, bold=True, from_right=True))
    if document.prices_include_tax:
        sheet.room_for(step)
        sheet.y -= step
        sheet.put(Text(x=RIGHT, y=sheet.y, size=SMALL, text=words.includes_tax, muted=True, from_right=True))


def _sums(document: Document, words: Wording) -> list[tuple[str, int]]:
    taxes = [
        (
            words.tax_at.format(
                rate=words.percent(total.rate), net=words.money(total.net, document.currency)
            ),
            total.tax,
        )
        for total in document.taxes
    ]
    return [(words.net, document.net_minor), *(taxes or [(words.tax, document.tax_minor)])]


def _left_of(label: str, amount: str) -> float:
    width = _measure(fonts().regular, NORMAL)
    return RIGHT - width(amount) - width(label) - 14


def _running_head(sheet: _Sheet) -> None:
    document = sheet.document
    head = f"{title(document=document, words=sheet.words)} {document.number or ''}".strip()
    seller = one_line(document.seller.name, width=260.0, measure=_measure(fonts().regular, SMALL))
    sheet.put(Text(x=LEFT, y=sheet.y - SMALL, size=SMALL, text=seller, muted=True))
    sheet.put(Text(x=RIGHT, y=sheet.y - SMALL, size=SMALL, text=head, muted=True, from_right=True))
    sheet.y -= 26


def _lines(
    sheet: _Sheet, text: str, *, size: float, width: float, bold: bool = False, muted: bool = False
) -> None:
    font = fonts().bold if bold else fonts().regular
    for line in wrap(text, width=width, measure=_measure(font, size)):
        sheet.room_for(size * LEADING)
        sheet.y -= size * LEADING
        sheet.put(Text(x=LEFT, y=sheet.y, size=size, text=line, bold=bold, muted=muted))


def footer_fits(footer: str) -> bool:
    return len(_footer_lines(footer)) <= FOOTER_LINES


def _footer_lines(footer: str) -> Sequence[str]:
    return wrap(footer, width=RIGHT - LEFT, measure=_measure(fonts().regular, SMALL))


def _foot(footer: Sequence[str], page_number: str) -> Iterator[Mark]:
    y = FOOTER_FROM + len(footer) * SMALL * LEADING
    yield Rule(y=y + 4)
    for line in footer:
        y -= SMALL * LEADING
        yield Text(x=LEFT, y=y, size=SMALL, text=line, muted=True)
    yield Text(
        x=RIGHT, y=FOOTER_FROM - SMALL * LEADING, size=SMALL, text=page_number, muted=True, from_right=True
    )


def _measure(font: LetterFont, size: float) -> Measure:
    return partial(font.width, size=size)
