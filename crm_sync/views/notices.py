"""Problems in three lines: what happened, why it matters, what cures it."""

from dataclasses import asdict, dataclass

from django.http import HttpRequest
from django.urls import reverse

from crm_sync.clients.registry import facts_of
from crm_sync.connections.authorising import OtherOrg
from crm_sync.enums import ConnectionState
from crm_sync.errors import SyncError, TransientError
from crm_sync.models import Connection

SESSION_KEY = "crm_notice"
KEY_CODES = frozenset({"invalid_client_id", "invalid_client", "INSTANCE_NOT_ALLOWED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`cure_posts`: the cure is a button that acts. `other_org`: the cure is to confirm that org."""

    what: str
    why: str
    next_step: str = ""
    cure_label: str = ""
    cure_url: str = ""
    cure_posts: bool = False
    other_org: str = ""
    tone: str = "bad"


def keep(request: HttpRequest, notice: Notice) -> None:
    """For the page that the answer redirects to."""
    request.session[SESSION_KEY] = asdict(notice)


def take(request: HttpRequest) -> Notice | None:
    if SESSION_KEY not in request.session:
        return None
    return Notice(**request.session.pop(SESSION_KEY))


def refusal(*, error: SyncError, connection: Connection) -> Notice:
    """Why connecting was refused."""
    page = connection.get_absolute_url()
    is_granted = facts_of(connection.provider).grants is not None
    if error.code == "ORG_TAKEN":
        label, url, posts = "See all connections", reverse("connections"), False
    elif is_granted and error.code not in KEY_CODES:
        label, url, posts = "Authorise again", reverse("connection-authorise", args=[connection.pk]), True
    elif is_granted:
        label, url, posts = "Correct the app's details", f"{page}#connect", False
    else:
        label, url, posts = "Paste another token", f"{page}#connect", False
    return Notice(
        what=error.sentence,
        why=consequence(connection),
        next_step=error.next_step,
        cure_label=label,
        cure_url=url,
        cure_posts=posts,
        other_org=error.org_id if isinstance(error, OtherOrg) else "",
        tone="wait" if isinstance(error, TransientError | OtherOrg) else "bad",
    )


def refusal_without_connection(error: SyncError) -> Notice:
    """An answer of a CRM that cannot be assigned to a connection."""
    return Notice(
        what=error.sentence,
        why="Nothing was changed: every connection is as it was.",
        next_step=error.next_step,
        cure_label="Choose the connection",
        cure_url=reverse("connections"),
    )


def consequence(connection: Connection) -> str:
    if connection.is_live:
        return f"{connection} was not changed: it continues with the access it had."
    return f"Until {connection} is connected, none of its deals is imported."


def standing(connection: Connection) -> Notice | None:
    """What is wrong with a connection as it stands, or the step that it still waits for."""
    page = connection.get_absolute_url()
    if connection.state == ConnectionState.BROKEN:
        return Notice(
            what=connection.state_reason or f"{connection} is broken.",
            why="No deal is imported until it is connected again. What was imported is billed as planned.",
            cure_label="Reconnect",
            cure_url=f"{page}#connect",
        )
    if connection.is_live and connection.mapping_version_id is None:
        return Notice(
            what="Next: confirm the field mapping.",
            why="Nothing is imported before a person has confirmed which CRM field feeds what.",
            cure_label="Open Field Mapping",
            cure_url=reverse("field-mapping", args=[connection.pk]),
            tone="info",
        )
    if connection.is_live and not connection.default_currency:
        return Notice(
            what="Next: choose the currency for deals that name none.",
            why="Without it such deals are held, because Fincelo never guesses a currency.",
            cure_label="Choose a currency",
            cure_url=f"{page}#settings",
            tone="wait",
        )
    if connection.state == ConnectionState.DEGRADED and connection.state_reason:
        return Notice(
            what=connection.state_reason,
            why="Nothing is lost: the cursor stays where it was until the deals behind it are stored.",
            cure_label="Check again",
            cure_url=f"{page}#preflight",
            tone="wait",
        )
    if connection.state == ConnectionState.PAUSED:
        return Notice(
            what=connection.state_reason or f"{connection} is paused.",
            why="No deal is imported until then. The cursor is kept, so none is missed.",
            cure_label="Resume",
            cure_url=reverse("connection-resume", args=[connection.pk]),
            cure_posts=True,
            tone="wait",
        )
    return None
