"""The warnings of a connection in three lines: what was found, why it matters, and its cure by its code."""

from collections.abc import Iterable, Mapping

from django.urls import reverse

from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Finding
from crm_sync.mapping.wording import anchor_of
from crm_sync.models import Connection
from crm_sync.views.notices import Notice

GAP = "Nothing is guessed: deals that need this field are held, and contracts keep what they have."
UNFIT = "What cannot be read from it is held with its reason; contracts keep what they have."
GONE = "Deals in a stage of another name are not imported."
MISSED = "If they are won, they become contracts as soon as their stage is selected."
LEAVERS = "Their contracts are billed as planned until somebody decides."
PACE = "Won deals arrive later than usual; none is lost."
UNSIGNED = "Imports continue, but Fincelo cannot tell that the answers are the CRM's own."
ZONE = "Won deals wait in the CRM until then; none is lost."
CURRENCY = "Deals that name no currency are held until then."
CHOOSE, OPEN_MAPPING = "Choose it in the settings", "Open Field Mapping"
ELSE = "Everything else continues as usual."


Cure = tuple[str, str, str]
"""Why a warning matters, then the label and the path of its cure below the page that it names."""
CURES: Mapping[FindingCode, Cure] = {
    FindingCode.FIELD_UNFIT: (UNFIT, OPEN_MAPPING, "{mapping}#{row}"),
    FindingCode.FIELD_HIDDEN: (GAP, OPEN_MAPPING, "{mapping}#{row}"),
    FindingCode.STAGE_MISSED: (MISSED, "See the stage", "{page}#near-misses"),
    FindingCode.STAGES_GONE: (GONE, "Choose stages", "{page}#stages"),
    FindingCode.ZONE_UNKNOWN: (ZONE, CHOOSE, "{page}#settings"),
    FindingCode.CURRENCY_UNKNOWN: (CURRENCY, CHOOSE, "{page}#settings"),
    FindingCode.NOT_SIGNED: (UNSIGNED, "Correct the app's details", "{page}#connect"),
    FindingCode.MANY_LEAVERS: (LEAVERS, "Decide", "{page}#leavers"),
    FindingCode.CALLS_SHORT: (PACE, "See what the runs used", "{runs}"),
    FindingCode.CALLS_SPENT: (PACE, "See what the runs used", "{runs}"),
}
ANY_OTHER: Cure = (ELSE, "Check access", "{page}#preflight")


def shown_warnings(*, connection: Connection, found: Iterable[Finding]) -> list[Notice]:
    return [notice_of(one, connection=connection) for one in found]


def notice_of(found: Finding, *, connection: Connection) -> Notice:
    why, label, path = CURES.get(found.code, ANY_OTHER)
    url = path.format(
        page=connection.get_absolute_url(),
        mapping=reverse("field-mapping", args=[connection.pk]),
        runs=f"{reverse('sync-history')}?connection={connection.pk}",
        row=anchor_of(found.facts.get("key", "")),
    )
    return Notice(what=found.sentence, why=why, cure_label=label, cure_url=url, tone="wait")
