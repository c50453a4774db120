"""Warnings of connections and runs are codes and facts. Those that are stored as sentences are read once, here.

A sentence that none of the codes means keeps its words, as WORDED.
"""

import re
from ast import literal_eval
from importlib import import_module

from django.db import migrations, models

LABELS = import_module("crm_sync.migrations.0120_steps_name_their_field_by_key").LABELS
KEYS = {label: key for key, label in LABELS.items()}
AT_ONCE = 500
CRM = r"(?P<crm>HubSpot|Salesforce)"
KINDS = (
    "a text field|a list of choices|a number field|a percentage|a date field|a yes-or-no field|"
    "a link to another record|another kind of field"
)
REMEDIES = {
    "choose a number field, or say how its numbers are written": "numbers_as_text",
    "choose a number field": "choose_number",
    "choose a date field": "choose_date",
    "choose a text field": "choose_text",
    "choose a yes-or-no field": "choose_yes_no",
    "only days such as 2026-11-20 are read from it": "days_as_text",
    "only yes, no, true and false are read from it": "yes_no_as_text",
    "it holds the CRM's ids, which nobody reads; choose a field of that record": "ids_only",
    "each of its values needs a translation": "needs_table",
}
ZONE = (
    r"so the days of its deals are not known and no deal is imported\. Let the access read the account's "
    r"details, or choose the time zone in the settings of this connection\."
)
USED = rf"(?P<used>[\d,]+) of the day's (?P<limit>[\d,]+) API calls of this {CRM} are used\. "
FED = r"(?P<label>.+?) is fed by (?P<source>.+)"
READ_AS = r"its plain numbers are read as (?P<unit>months|years)"
PATTERNS = (
    (
        "ZONE_UNKNOWN",
        rf"{CRM} tells the time zone (?P<zone>'.*'|\".*\"), which Fincelo does not know, {ZONE}",
    ),
    ("ZONE_UNKNOWN", rf"{CRM} tells no time zone, {ZONE}"),
    (
        "CURRENCY_UNKNOWN",
        rf"{CRM} does not tell the portal's currency\. Choose the currency of deals that name none in the "
        r"settings of this connection\.",
    ),
    (
        "NOT_SIGNED",
        r"Salesforce's token answer is not signed with the consumer secret that Fincelo has\. Copy the secret "
        r"again; if it is right, ask whoever runs your network about a proxy\.",
    ),
    (
        "OWNERS_UNREADABLE",
        r"Account Manager stays blank: the access token lacks the scope (?P<scope>\S+)\. Add it to the service "
        r"key or private app in HubSpot\.",
    ),
    ("OWNERS_UNREADABLE", r"Account Manager stays blank: (?P<error>.+)"),
    (
        "OWNERS_UNREADABLE",
        r"HubSpot listed an owner without an id: Account Manager stays blank for new contracts of an owner whom "
        r"the list does not name\.",
    ),
    ("MERGES_UNREADABLE", r"Merged accounts are not followed: (?P<error>.+)"),
    (
        "STAGES_GONE",
        rf"No stage in {CRM} is named (?P<stages>.+?)\.(?P<all> Nothing is imported\.)? Choose the stages again "
        r"on this connection\.",
    ),
    (
        "FIELD_HIDDEN",
        rf"(?P<label>.+?) is fed by (?P<field>\S+), which is not in {CRM} or not to be seen by us\. Choose "
        r"another field in Field Mapping, or have it made readable in (?P=crm)\.",
    ),
    ("type", rf"{FED}, (?P<kind>{KINDS}); (?P<remedy>{'|'.join(map(re.escape, REMEDIES))})\."),
    (
        "unit_named",
        rf"{FED}, which is named for (?P<example>.+?); {READ_AS}\. Choose another field, or have it read by its "
        r"translation table only\.",
    ),
    (
        "unit_both",
        rf"{FED}, whose values go up to (?P<example>.+?): months and years are both possible\. Choose what its "
        r"plain numbers are\.",
    ),
    ("unit_shown", rf"{FED}, which is named for (?P<shown>months|years); {READ_AS}\."),
    ("unit_shown", rf"{FED}, whose (?P<proof>choices) show (?P<shown>months|years); {READ_AS}\."),
    (
        "unit_shown",
        rf"{FED}, whose values such as (?P<example>.+?) look like (?P<shown>months|years); {READ_AS}\.",
    ),
    (
        "unit_label",
        rf"{FED}, where \u201c(?P<label_there>.*)\u201d is kept as \u201c(?P<value>.*)\u201d, which is read as "
        r"something else; add a translation for \u201c(?P=value)\u201d\.",
    ),
    (
        "STAGE_MISSED",
        r"(?P<deals>[\d,]+) deals? in '(?P<stage>.+)' (?:is|are) not imported\. Select this stage on the "
        r"connection if they are won\.",
    ),
    (
        "MANY_LEAVERS",
        r"(?P<deals>[\d,]+) imported deals are no longer won in the CRM\. That many at once look like a renamed "
        r"stage, so nothing was suspended\. Decide on this connection's page\.",
    ),
    ("CALLS_SHORT", USED + r"Fincelo polls every 30 minutes until it is less than (?P<below>\d+)%\."),
    ("CALLS_SPENT", USED + r"Fincelo leaves the rest to other programs and looks again in an hour\."),
    (
        "CLOCK_AHEAD",
        rf"{CRM} told a time that is still to come, (?P<moment>.+?)\. Fincelo goes on from the present instead, "
        r"and reads the deals of the last hour again\.",
    ),
    ("DEAL_UNREAD", r"Deal (?P<deal>.*?) could not be read\. (?P<why>.+)"),
    (
        "DEALS_UNSEEN",
        r"HubSpot counts (?P<deals>[\d,]+) deals? that its search does not show\. The daily sweep looks for "
        r"them\.",
    ),
    ("DEALS_NAMELESS", r"HubSpot listed (?P<deals>[\d,]+) deals without a readable id\."),
    (
        "ACCOUNTS_MERGED",
        r"(?P<first>.+?) and (?P<rest>.+) are one company in the CRM now\. Its deals belong to (?P=first) from "
        r"now on; no customer was removed\.",
    ),
)
KNOWN = tuple((code, re.compile(pattern, re.DOTALL)) for code, pattern in PATTERNS)
NUMBERS = ("used", "limit", "below", "deals")


def coded(sentence):
    """One stored sentence as it is stored from now on."""
    for code, pattern in KNOWN:
        if found := pattern.fullmatch(sentence):
            return entry_of(code, found.groupdict())
    return {"code": "WORDED", "facts": {"sentence": sentence}}


def entry_of(code, facts):
    for name in NUMBERS:
        if name in facts:
            facts[name] = int(facts[name].replace(",", ""))
    if code == "ZONE_UNKNOWN":
        zone = facts.pop("zone", None)
        facts["told"] = literal_eval(zone) if zone else ""
    if code == "STAGES_GONE":
        facts |= {"stages": facts["stages"].split(" or "), "all": facts["all"] is not None}
    if code == "ACCOUNTS_MERGED":
        facts = {"customers": [facts["first"], facts["rest"]]}
    if "label" in facts:
        facts["key"] = KEYS.get(facts["label"], f"custom:{facts['label']}")
    if code.islower():  # of a mapping
        facts |= {"problem": code} | ({"remedy": REMEDIES[facts["remedy"]]} if code == "type" else {})
        if code == "unit_shown":
            facts.setdefault("proof", "values" if "example" in facts else "name")
        code = "FIELD_UNFIT"
    return {"code": code, "facts": facts}


def code_warnings(apps, schema_editor):
    connections, runs = (apps.get_model("crm_sync", name) for name in ("Connection", "SyncRun"))
    for row in connections.objects.exclude(warnings=[], standing={}):
        row.warnings = [coded(one) if isinstance(one, str) else one for one in row.warnings]
        row.standing = {
            code: coded(entry["sentence"])["facts"] if "sentence" in entry else entry
            for code, entry in row.standing.items()
        }
        row.save(update_fields=["warnings", "standing"])
    changed = []
    for row in runs.objects.exclude(warnings=[]).only("warnings").iterator(chunk_size=AT_ONCE):
        row.warnings = [coded(one) if isinstance(one, str) else one for one in row.warnings]
        changed.append(row)
        if len(changed) == AT_ONCE:
            runs.objects.bulk_update(changed, ["warnings"])
            changed = []
    runs.objects.bulk_update(changed, ["warnings"])


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0120_steps_name_their_field_by_key")]

    operations = [
        migrations.AlterField(
            model_name="connection",
            name="warnings",
            field=models.JSONField(
                blank=True, default=list, help_text="What was found, by code, and its facts."
            ),
        ),
        migrations.RunPython(code_warnings, migrations.RunPython.noop),
    ]
