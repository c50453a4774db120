"""Reminders of deals that are still held. Each is sent once, whichever worker is first."""

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.urls import reverse

from crm_sync.connections.held_summary import number_in_words
from crm_sync.enums import AlertKind
from crm_sync.holds.mails import by_manager, deals_in_words, listed, subject_of
from crm_sync.models import Alert, Hold, HoldPolicy

DUE = """
WITH due AS (
    SELECT hold.id, passed.reached FROM crm_sync_hold hold
    CROSS JOIN LATERAL (
        SELECT count(*) AS reached FROM unnest(%s::int[]) AS hour
        WHERE hold.opened_at + make_interval(hours => hour) <= now()
    ) passed
    WHERE hold.resolved_at IS NULL AND passed.reached > hold.reminders
    FOR UPDATE OF hold SKIP LOCKED
)
UPDATE crm_sync_hold hold SET reminders = due.reached FROM due WHERE hold.id = due.id
RETURNING hold.id, due.reached
"""
STILL = (
    "{deals} still cannot be billed. Please correct what is named below in the CRM. Fincelo reads the deal "
    "again automatically, and bills it.\n\n"
)
LAST = (
    "Still held in spite of all reminders: {deals}. Correct what is named below in the CRM, cure it in "
    "Fincelo, or dismiss the deal with a reason.\n\n"
)


def hold_policy() -> HoldPolicy:
    """As set, or the defaults until somebody has set it."""
    return HoldPolicy.objects.first() or HoldPolicy()


def remind_of_holds() -> int:
    """One mail for each account manager, and of deals whose last reminder this is one for finance.

    However many reminders of a deal were missed, it is told of once. How many mails were written.
    """
    hours = hold_policy().reminder_hours
    if not hours:
        return 0
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(DUE, [hours])
            reached = dict(cursor.fetchall())
        due = Hold.objects.filter(pk__in=reached)
        mails = [
            Alert(
                kind=AlertKind.HELD_STILL,
                recipient=address,
                subject=f"Fincelo: still held: {subject_of(found)}",
                body=STILL.format(deals=deals_in_words(found)) + listed(found),
            )
            for address, found in by_manager(due).items()
        ]
        last = [key for key, number in reached.items() if number >= len(hours)]
        mails += [last_mail(last)] if last else []
        Alert.objects.bulk_create(mails)
    return len(mails)


def last_mail(keys: list[int]) -> Alert:
    """For everyone who gets alarms."""
    found = list(Hold.objects.filter(pk__in=keys).select_related("crm_deal").order_by("id"))
    number = number_in_words(len(found))
    return Alert(
        kind=AlertKind.HELD_STILL,
        subject=f"Fincelo: {number} still cannot be billed",
        body=LAST.format(deals=number) + listed(found) + f"\nSee: {settings.PUBLIC_URL}{reverse('holds')}\n",
    )
