"""The warnings of a connection in three lines. The sentences come from the runs; here each finds its cure."""

from collections.abc import Sequence

from django.urls import reverse

from crm_sync.clients.salesforce.oauth import NOT_SIGNED
from crm_sync.connections.pacing import tells_a_pace
from crm_sync.findings import FindingCode
from crm_sync.importing.leaving import asks_about_leavers
from crm_sync.mapping.field_gaps import gap_sentence
from crm_sync.mapping.near_misses import gone_sentence, gone_stages, warnings
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.stages import misses_of, stages_of
from crm_sync.mapping.store import confirmed_rules, current_rules, lint
from crm_sync.mapping.wording import anchor_of
from crm_sync.models import Connection, CrmSchema
from crm_sync.views.notices import Notice

Cures = dict[str, tuple[str, str, str]]
"""By sentence: why it matters, then the label and the address of the cure."""
GAP = "Nothing is guessed: deals that need this field are held, and contracts keep what they have."
UNFIT = "What cannot be read from it is held with its reason; contracts keep what they have."
GONE = "Deals in a stage of another name are not imported."
MISSED = "If they are won, they become contracts as soon as their stage is selected."
LEAVERS = "Their contracts are billed as planned until somebody decides."
PACE = "Won deals arrive later than usual; none is lost."
UNSIGNED = "Imports go on, but Fincelo cannot tell that the answers are Salesforce's own."
SUPPLIED: dict[str, str] = {
    FindingCode.ZONE_UNKNOWN: "Won deals wait in the CRM until then; none is lost.",
    FindingCode.CURRENCY_UNKNOWN: "Deals that name no currency are held until then.",
}
"""By the code of a lasting warning that a person may end by supplying what the CRM does not tell."""
CHOOSE = "Choose stages"
ELSE = "Everything else goes on as usual."


def shown_warnings(
    *, connection: Connection, schema: CrmSchema | None, sentences: Sequence[str]
) -> list[Notice]:
    if not sentences:
        return []
    known = cures_by_sentence(connection=connection, schema=schema)
    return [notice_of(sentence, connection=connection, known=known) for sentence in sentences]


def cures_by_sentence(*, connection: Connection, schema: CrmSchema | None) -> Cures:
    page, provider = connection.get_absolute_url(), connection.get_provider_display()
    mapping = reverse("field-mapping", args=[connection.pk])
    in_force = confirmed_rules if connection.mapping_version else current_rules
    selected = connection.stage_names
    gone = gone_stages(stages=stages_of(schema), selected=selected)
    misses = misses_of(connection=connection, schema=schema)
    rules = in_force(connection=connection).rules
    return {
        **{
            problem.sentence: (UNFIT, "Open Field Mapping", f"{mapping}#{anchor_of(problem.key)}")
            for problem in lint(connection=connection, rules=rules)
        },
        **{gap_sentence(rule, provider=provider): gap_cure(rule, mapping=mapping) for rule in rules},
        **dict.fromkeys(warnings(misses), (MISSED, "See the stage", f"{page}#near-misses")),
        gone_sentence(provider=provider, gone=gone, selected=selected): (GONE, CHOOSE, f"{page}#stages"),
        **{
            entry["sentence"]: (SUPPLIED[code], "Choose it in the settings", f"{page}#settings")
            for code, entry in connection.standing.items()
            if code in SUPPLIED
        },
        NOT_SIGNED: (UNSIGNED, "Correct the app's details", f"{page}#connect"),
    }


def gap_cure(rule: FieldRule, *, mapping: str) -> tuple[str, str, str]:
    return GAP, "Open Field Mapping", f"{mapping}#{anchor_of(rule.key)}"


def notice_of(sentence: str, *, connection: Connection, known: Cures) -> Notice:
    page, runs = connection.get_absolute_url(), f"{reverse('sync-history')}?connection={connection.pk}"
    if asks_about_leavers(sentence):
        why, label, url = LEAVERS, "Decide", f"{page}#leavers"
    elif tells_a_pace(sentence):
        why, label, url = PACE, "See what the runs used", runs
    else:
        why, label, url = known.get(sentence, (ELSE, "Check access", f"{page}#preflight"))
    return Notice(what=sentence, why=why, cure_label=label, cure_url=url, tone="wait")
