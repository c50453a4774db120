"""Limits and tokens: what the portal admits, the state of the account, its habits, the access tokens."""

from dataclasses import asdict, fields, replace
from datetime import datetime

from demo.hubspot.limit_refusals import LOCK_SECONDS
from demo.hubspot.options import TIERS, Habits, Limits, limits_of
from demo.hubspot.pages.shell import TEMPLATES, hubspot_page, notice, refusal, yes_or_no
from demo.hubspot.pages.tokens import token_panels
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import KNOWN_SCOPES
from demo.messages import Request, Response, redirect
from demo.pages import Markup, join, options

MOVE_SECONDS = 3_600
NUMBERS = ("burst", "association_burst", "searches", "daily")
HABIT_LABELS = {
    "merge_keeps_primary_id": "Merging keeps the id of the primary record",
    "batch_read_names_merged_ids": "Batch read reports merged ids as errors",
    "archived_stay_in_index": "Archived deals fill search pages unseen",
    "long_searches_refused": "Searches of over 3,000 characters are refused",
    "old_scope_bodies": "Missing scopes are named as years ago",
    "merge_lists_last_only": "A merged record lists its last merge alone",
}
HUBLETS = (("", "Here"), ("eu1", "In eu1"), ("na2", "In na2"))
NOTICES = {
    "saved": "Saved",
    "issued": "Token issued",
    "scopes": "Scopes changed",
    "rotate-now": "Token rotated, the old one has ended",
    "rotate-later": "Token rotated, the old one ends in a week",
    "revoke": "Token revoked",
    "remove-creator": "Creator removed: association calls are refused until the token is rotated",
}


def show_limits(request: Request, portal: Portal) -> Response:
    return _page(portal, top=notice(NOTICES.get(request.argument("done"), "")))


def save_limits(request: Request, portal: Portal) -> Response:
    """A tier sets all numbers; without one they are taken as they are written."""
    form = request.form()
    written = {name: form.get(name, "") for name in (*NUMBERS, "search_lag")}
    unusable = [text for text in written.values() if not text.isdigit()]
    if unusable:
        return _page(portal, top=refusal(f"Not a whole number: {unusable[0]}"), status=400)
    tier = form.get("tier", "")
    limits = limits_of(tier) if tier in TIERS else Limits()
    if tier not in TIERS:
        for name in NUMBERS:
            setattr(limits, name, int(written[name]))
    limits.enforced = form.get("enforced") == "yes"
    limits.retry_after = form.get("retry_after") == "yes"
    portal.limits = limits
    portal.search_lag = float(written["search_lag"])
    portal.habits = Habits(**{each.name: form.get(each.name) == "yes" for each in fields(Habits)})
    portal.note_change("settings")
    return redirect("/limits?done=saved", status=303)


def save_account(request: Request, portal: Portal) -> Response:
    form = request.form()
    match form.get("action"):
        case "lock":
            portal.lock_account(seconds=LOCK_SECONDS)
        case "move":
            portal.move_account(seconds=MOVE_SECONDS)
        case "arrive":
            portal.state = replace(portal.state, moving_until=None)
        case _:
            portal.state = replace(portal.state, other_hublet=form.get("hublet") or None)
    portal.note_change("settings")
    return redirect("/limits?done=saved", status=303)


def _page(portal: Portal, *, top: Markup, status: int = 200) -> Response:
    content = TEMPLATES.render(
        "limits.html",
        notice=top,
        **{name: value for name, value in asdict(portal.limits).items() if name in NUMBERS},
        tiers=options([("", "As below"), *((name, name.capitalize()) for name in TIERS)], selected=""),
        enforced=yes_or_no(portal.limits.enforced),
        retry_after=yes_or_no(portal.limits.retry_after),
        search_lag=int(portal.search_lag),
        habits=join(
            TEMPLATES.render(
                "habit.html", name=name, label=label, choices=yes_or_no(getattr(portal.habits, name))
            )
            for name, label in HABIT_LABELS.items()
        ),
        state=_state_words(portal),
        hublets=options(HUBLETS, selected=portal.state.other_hublet or ""),
        tokens=token_panels(portal),
        known_scopes=", ".join(KNOWN_SCOPES),
    )
    return hubspot_page(title="Limits and tokens", content=content, status=status)


def _state_words(portal: Portal) -> str:
    def until(moment: datetime | None) -> str:
        ahead = moment and moment > portal.clock()
        return f"{moment.astimezone(portal.zone):%H:%M:%S}" if moment and ahead else ""

    moving, locked = until(portal.state.moving_until), until(portal.state.locked_until)
    words = [
        f"Moving to another data centre until {moving}." if moving else "",
        f"Locked until {locked}." if locked else "",
    ]
    return " ".join(filter(None, words)) or "The account answers."
