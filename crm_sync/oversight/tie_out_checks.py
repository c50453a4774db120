"""The nightly check of the tie-out: each month's result, and one mail for each change of what differs."""

from datetime import date

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from contracts.money import Money
from crm_sync.enums import AlertKind
from crm_sync.enums import TieOutLine as Line
from crm_sync.models import Alert, TieOut
from crm_sync.oversight.tie_out import Figure, figures, months

Stored = list[str | int]
SUBJECTS = {
    AlertKind.TIE_OUT: "{month} does not tie out",
    AlertKind.TIES_AGAIN: "{month} ties out again",
}
BODIES = {
    AlertKind.TIE_OUT: (
        "The won deals in the CRM and what has become of them in Fincelo differ for {month}:\n\n"
        "{differences}\n\n"
        "Each figure leads to its rows: {url}\n"
    ),
    AlertKind.TIES_AGAIN: (
        "All won deals of {month} that were read are accounted for, and so is what their contracts "
        "are worth.\n\n"
        "See: {url}\n"
    ),
}


def check_all() -> int:
    """How many months do not tie out."""
    return sum(bool(check(month=month).differences) for month in months())


def check(*, month: date) -> TieOut:
    """Stores the result, with the mail where people have not been told of it."""
    with transaction.atomic():
        TieOut.objects.get_or_create(month=month)
        before = TieOut.objects.select_for_update().get(month=month)
        found = figures(month=month)
        red = [one for one in found if one.is_red]
        told, before.differences = before.differences, [stored(one) for one in red]
        before.figures = [stored(one) for one in found]
        before.checked_at = Now()
        before.save()
        if before.differences != told:
            write_mail(month=month, red=red)
    before.refresh_from_db()
    return before


def checked_since(*, day: date, zone: str) -> bool:
    """Whether the months were all checked on that day of the workspace or later."""
    with timezone.override(zone):
        return TieOut.objects.exists() and not TieOut.objects.filter(checked_at__date__lt=day).exists()


def stored(figure: Figure) -> Stored:
    return [figure.line.value, figure.currency, figure.rows, figure.amount]


def shown(*, result: TieOut) -> list[Figure]:
    """The figures as they were when the month was checked."""
    return [
        Figure(line=Line(line), currency=currency, rows=rows, amount=amount)
        for line, currency, rows, amount in result.figures
    ]


def write_mail(*, month: date, red: list[Figure]) -> Alert:
    kind = AlertKind.TIE_OUT if red else AlertKind.TIES_AGAIN
    words = {
        "month": f"{month:%B %Y}",
        "url": f"{settings.PUBLIC_URL}{reverse('tie-out')}?month={month:%Y-%m}",
        "differences": "\n".join(sentence(one) for one in red),
    }
    return Alert.objects.create(
        kind=kind, subject=f"Fincelo: {SUBJECTS[kind].format(**words)}", body=BODIES[kind].format(**words)
    )


def sentence(figure: Figure) -> str:
    amount = str(Money(minor=figure.amount, currency=figure.currency)) if figure.currency else "no amount"
    return f"- {figure.line.label}: {figure.rows:,}, {amount}"


def open_differences() -> list[TieOut]:
    """The months that did not tie out when they were last checked."""
    return list(TieOut.objects.exclude(differences=[]).order_by("-month"))
