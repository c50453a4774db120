"""What finance gets to read of the deals that a first import holds: as they are when the mail is sent."""

from django.conf import settings
from django.urls import reverse

from crm_sync.enums import HoldCode
from crm_sync.mapping.readers import printable
from crm_sync.models import Connection, Hold

LONGEST_NAME = 120


def summary_of(connection: Connection) -> tuple[str, str]:
    """Subject and body for finance, with what is held at this moment; both empty where nothing is."""
    counts = Hold.objects.open().filter(crm_deal__connection=connection).counts_by_code()
    number = sum(count for _, count in counts)
    if not number:
        return "", ""
    name = one_line(connection.name)
    causes = "\n".join(f"- {HoldCode(code).label}: {count:,}" for code, count in counts)
    return f"Fincelo: {number_in_words(number)} of {name} cannot be billed yet"[:200], (
        f"The first import of {name} has ended. {number_in_words(number)} cannot be billed yet:\n\n"
        f"{causes}\n\n"
        "Open a cause to see what releases its deals. Account managers get mails about "
        "deals that are held from now on, and none about these.\n\n"
        f"See: {settings.PUBLIC_URL}{reverse('holds')}?connection={connection.pk}\n"
    )


def number_in_words(number: int) -> str:
    return "1 deal" if number == 1 else f"{number:,} deals"


def one_line(text: str, *, longest: int = LONGEST_NAME) -> str:
    """Of a text that came from a CRM: no line of a mail begins where somebody else wants it to."""
    return printable(" ".join(text[: 10 * longest].split()), longest=longest)
