"""The tie-out of a month: its figures, and the rows behind each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contracts.clock import business_day
from contracts.money import Money
from contracts.terms import FIRST_YEAR, LAST_YEAR
from crm_sync.enums import TieOutLine as Line
from crm_sync.models import Hold, TieOut
from crm_sync.oversight import tie_out, tie_out_checks
from crm_sync.oversight.tie_out import Figure, Row
from crm_sync.views.access import CHECK_TIE_OUT, VIEW_TIE_OUT, needs
from fincelo.pagination import PAGE_SIZE
from fincelo.rights import EXPORT
from fincelo.spreadsheets import csv_text

PAGES = {"contract": "contract", "invoice": "invoice", "credit_note": "credit-note"}
ALWAYS = (Line.WON, Line.CONTRACTS, Line.HELD, Line.AGREED, Line.INVOICED, Line.PLANNED)
"""Lines that are shown with nothing behind them."""
SECTIONS: tuple[tuple[str, Line | None, tuple[Line, ...]], ...] = (
    ("Won deals", Line.WON, (Line.WON, *tie_out.DEALS)),
    ("Contracts and their billing", Line.AGREED, (Line.AGREED, *tie_out.BILLING)),
    ("Contracts beside won deals", None, (Line.LEFT, Line.UNKNOWN)),
)
"""Title, the line that is the sum of the others, and all lines."""
EXPLANATIONS = {
    Line.KEPT: "Invoices have been issued, so the contract keeps its value. CRM changes lists each.",
    Line.PREVIEWED: "Their connection is in mode Preview, so they have no contract yet.",
    Line.PENDING: "Their connection is in mode Preview. Switched to another mode, it applies the change.",
    Line.MISSING: "Sync the connection. If they stay, ask under Sync History why there is no contract.",
    Line.DIFFERENT: "Sync these deals again. If it stays, tell your operators.",
    Line.LEFT: "Suspended, or kept by somebody's decision.",
    Line.UNKNOWN: "The CRM does not list their deals as won. If a sweep does not settle it, tell operators.",
    Line.PAUSED: "Of contracts that are not billed at present.",
    Line.OPEN: "What is invoiced and planned is not what the contract is worth. Tell your operators.",
}


@require_safe
@needs(VIEW_TIE_OUT)
def month_page(request: HttpRequest) -> HttpResponse:
    """A past month as it was last checked, the present one as it is. Rows and CSV are always of now."""
    month = asked_month(request)
    check = TieOut.objects.filter(month=month).first()
    is_stored = check is not None and month < present_month()
    found = tie_out_checks.shown(result=check) if check and is_stored else tie_out.figures(month=month)
    red = [figure for figure in found if figure.is_red]
    context = {
        "month": month,
        "previous": tie_out.previous_month(month),
        "next": tie_out.next_month(month),
        "sections": sections(found),
        "red": red,
        "sentence": sentence_of(month=month, found=found, red=red),
        "check": check,
        "is_stored": is_stored,
    }
    return render(request, "crm_sync/oversight/tie_out.html", context)


def sentence_of(*, month: date, found: Sequence[Figure], red: Sequence[Figure]) -> str:
    if not found:
        return f"No won deal that closed in {month:%B %Y} has been read."
    if red:
        return f"{month:%B %Y} does not tie out."
    undecided = tie_out.undecided(month=month)
    if undecided:
        changes = "1 CRM change is" if undecided == 1 else f"{undecided:,} CRM changes are"
        return f"{month:%B %Y} ties out; {changes} to be decided."
    return f"{month:%B %Y} ties out: every won deal that was read and every contract is accounted for."


def sections(found: Sequence[Figure]) -> list[dict[str, Any]]:
    """The rows of the page's one table: each currency's sums with their parts."""
    by_key = {(figure.currency, figure.line): figure for figure in found}

    def shown(currency: str, lines: Sequence[Line]) -> list[dict[str, Any]]:
        some = [
            by_key.get((currency, line)) or Figure(line=line, currency=currency, rows=0)
            for line in lines
            if line in ALWAYS or (currency, line) in by_key
        ]
        return [{"figure": one, "why": EXPLANATIONS.get(one.line, "")} for one in some]

    every = [
        {"title": title, "currency": currency, "has_sum": sum_line, "lines": shown(currency, lines)}
        for currency in sorted({figure.currency for figure in found})
        for title, sum_line, lines in SECTIONS
        if currency or sum_line is not Line.AGREED  # an unreadable value is billed in no contract
    ]
    return [one for one in every if one["lines"]]


@require_safe
@needs((VIEW_TIE_OUT, EXPORT))
def month_csv(request: HttpRequest) -> HttpResponse:
    month = asked_month(request)
    found = tie_out.figures(month=month)
    order = list(Line)
    table = [
        (f"{month:%Y-%m}", one.currency, one.line.label, one.rows, written(one.amount, one.currency))
        for one in sorted(found, key=lambda one: (one.currency, order.index(one.line)))
    ]
    return as_file(
        name=f"tie-out-{month:%Y-%m}",
        header=("Month", "Currency", "Line", "Rows", "Amount"),
        rows=table,
    )


@require_safe
@needs(VIEW_TIE_OUT)
def row_list(request: HttpRequest) -> HttpResponse:
    month, figure = asked_month(request), asked_figure(request)
    page = RowPaginator(Behind(month=month, figure=figure), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "month": month,
        "month_text": f"{month:%Y-%m}",
        "month_name": f"{month:%B %Y}",
        "figure": figure,
        "page": page,
        "rows": [(row, address_of(row, hold=hold)) for row, hold in with_holds(list(page.object_list))],
        "why": EXPLANATIONS.get(figure.line, ""),
    }
    return render(request, "crm_sync/oversight/tie_out_rows.html", context)


@require_safe
@needs((VIEW_TIE_OUT, EXPORT))
def row_csv(request: HttpRequest) -> HttpResponse:
    month, figure = asked_month(request), asked_figure(request)
    found = tie_out.rows(month=month, line=figure.line, currency=figure.currency)
    return as_file(
        name=f"tie-out-{month:%Y-%m}-{figure.line.value}",
        header=("Month", "Line", "Name", "Currency", "Amount", "In the CRM"),
        rows=[
            (
                f"{month:%Y-%m}",
                figure.line.label,
                row.label,
                row.currency,
                written(row.amount, row.currency),
                row.url,
            )
            for row in found
        ],
    )


@require_POST
@needs(CHECK_TIE_OUT)
def check_now(request: HttpRequest) -> HttpResponse:
    month = asked_month(request)
    done = tie_out_checks.check(month=month)
    if done.differences:
        messages.error(request, f"{done} does not tie out. The lines in red say what differs.")
    else:
        messages.success(request, f"{done} ties out.")
    return redirect(f"{reverse('tie-out')}?month={month:%Y-%m}")


class Behind(Sequence[Row]):
    """The rows of a figure, read a page at a time."""

    def __init__(self, *, month: date, figure: Figure) -> None:
        self.month = month
        self.figure = figure

    def __len__(self) -> int:
        return self.figure.rows

    def __getitem__(self, part: Any) -> Any:
        start, stop, _ = part.indices(len(self))
        return tie_out.rows(
            month=self.month,
            line=self.figure.line,
            currency=self.figure.currency,
            limit=stop - start,
            offset=start,
        )


class RowPaginator(Paginator):
    is_count_exact = True


def present_month() -> date:
    return business_day().replace(day=1)


def asked_month(request: HttpRequest) -> date:
    """The month of the address or the form; the present one where there is none."""
    text = request.POST.get("month") or request.GET.get("month")
    if not text:
        return present_month()
    try:
        month = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a month, and no moment
    except ValueError:
        raise Http404("A month is written as 2026-11.") from None
    if not FIRST_YEAR <= month.year <= LAST_YEAR:
        raise Http404("No contract reaches into that year.")
    return month


def asked_figure(request: HttpRequest) -> Figure:
    """The figure as it is now; one that has become empty has no rows."""
    line, currency = request.GET.get("line", ""), request.GET.get("currency", "")
    if line not in Line.values:
        raise Http404("There is no such line.")
    return tie_out.figure(month=asked_month(request), line=Line(line), currency=currency)


def with_holds(rows: Sequence[Row]) -> list[tuple[Row, int | None]]:
    """Each row with the open hold of its deal."""
    deals = [row.key for row in rows if row.kind == "hold"]
    holds = Hold.objects.open().filter(crm_deal__in=deals) if deals else Hold.objects.none()
    by_deal = dict(holds.values_list("crm_deal_id", "pk"))
    return [(row, by_deal.get(row.key or 0)) for row in rows]


def address_of(row: Row, *, hold: int | None) -> str:
    if hold:
        return reverse("hold", args=[hold])
    return reverse(PAGES[row.kind], args=[row.key]) if row.kind in PAGES else ""


def written(minor: int, currency: str) -> str:
    return str(Money(minor=minor, currency=currency).to_decimal()) if currency else ""


def as_file(*, name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> HttpResponse:
    return HttpResponse(
        csv_text(header=header, rows=rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
