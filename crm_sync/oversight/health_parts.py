"""How the connections and the tie-out are, for the health page and for monitors."""

from datetime import timedelta

from django.db.models import Min
from django.db.models.functions import Now
from django.urls import reverse

from crm_sync.connections import watch
from crm_sync.enums import ConnectionState
from crm_sync.models import Connection, TieOut
from crm_sync.oversight import tie_out_checks
from fincelo.health import WELL, Detail, Part, Trouble

UNCHECKED_AFTER = timedelta(days=2)


def polls() -> Part:
    state = watch.polls()
    connections = list(Connection.objects.exclude(state=ConnectionState.NOT_CONNECTED).order_by("name"))
    silent = set(Connection.objects.silent().values_list("pk", flat=True))
    troubles = [
        Trouble(
            what=f"{connection.name} is broken. {connection.state_reason}".strip()
            if connection.state == ConnectionState.BROKEN
            else f"{connection.name} has had no complete sync for fifteen minutes.",
            why="Deals won until then are not billed until it syncs. None is lost: the next sync takes all.",
            label="Open the connection",
            url=reverse("connection", args=[connection.pk]),
        )
        for connection in connections
        if connection.state == ConnectionState.BROKEN or connection.pk in silent
    ]
    return Part(
        name="polls",
        label="CRM connections",
        state=state if state != WELL else "broken" if troubles else WELL,
        told="" if connections else "No CRM is connected yet.",
        details=[
            Detail(
                label=connection.name,
                state=connection.state,
                told=connection.state_reason,
                at=connection.last_success_at,
                url=reverse("connection", args=[connection.pk]),
            )
            for connection in connections
        ],
        troubles=troubles,
        url=reverse("connections"),
        is_vital=state != WELL,  # a connection that is broken is no reason to take a process away
    )


def tie_out_words(*, is_checked: bool, is_well: bool) -> str:
    if not is_checked:
        return "Not checked yet: the worker checks every month each night."
    return "Every month tied out when it was last checked." if is_well else ""


def tie_out() -> Part:
    oldest = TieOut.objects.aggregate(at=Min("checked_at"))["at"]
    differing = tie_out_checks.open_differences()
    troubles = [
        Trouble(
            what=f"{month} does not tie out.",
            why="Won deals in the CRM and what they have become differ: something is not billed as agreed.",
            label="See what differs",
            url=f"{reverse('tie-out')}?month={month.month:%Y-%m}",
        )
        for month in differing
    ]
    unchecked = TieOut.objects.filter(checked_at__lt=Now() - UNCHECKED_AFTER).exists()
    if unchecked:
        troubles.append(
            Trouble(
                what="The months were not tied out for two days.",
                why="A deal that is not billed as agreed would not be noticed.",
                cure="The worker does this every night: check that it is running.",
            )
        )
    return Part(
        name="tie-out",
        label="Tie-out",
        state="differs" if differing else "unchecked" if unchecked else WELL,
        told=tie_out_words(is_checked=oldest is not None, is_well=not troubles),
        at=oldest,
        troubles=troubles,
        url=reverse("tie-out"),
    )
