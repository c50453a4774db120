"""What previews of an import warn of is codes and facts, as are the warnings of connections."""

import re
from importlib import import_module

from django.db import migrations

EARLIER = import_module("crm_sync.migrations.0121_findings_by_code")
AT_ONCE = 500
AMOUNTS = {"a total contract value": "total", "an annual value": "annual", "a monthly value": "monthly"}
ANY_AMOUNT = "|".join(AMOUNTS)
PATTERNS = (
    ("DEFAULT_CURRENCY", r"The deal names no currency: (?P<currency>\S+), the default, is taken\."),
    (
        "BOTH_READINGS",
        rf"The term is (?P<months>\d+) months\. With the amount as (?P<means>{ANY_AMOUNT}) the contract is over "
        rf"(?P<value>.+?); as (?P<other>{ANY_AMOUNT}) it would be over (?P<other_value>.+)\.",
    ),
    (
        "TERM_BELOW_CYCLE",
        r"The term of (?P<months>\d+) months? is shorter than the billing cycle: one instalment is for all of it\.",
    ),
    (
        "SHORT_LAST_PERIOD",
        r"The term of (?P<months>\d+) months is no multiple of the billing cycle: the last instalment covers "
        r"(?P<left>\d+) months?\.",
    ),
    (
        "PERIOD_STRADDLES",
        r"The period (?P<start>\S+) to (?P<last>\S+) goes beyond (?P<billed_until>\S+), up to which the deal was "
        r"billed elsewhere: the whole period is billed here\.",
    ),
    (
        "MISSED_PERIODS",
        r"The oldest period to bill was missed more than 31 days ago: the contract asks before it bills\. Say up "
        r"to which day it was billed elsewhere, or decide on the contract\.",
    ),
    (
        "MANY_INVOICES",
        r"More than three invoices would be due at once: the contract asks before it bills\.",
    ),
    ("WAITS_FOR_APPROVAL", r"The invoices of today wait for approval\."),
)
KNOWN = tuple((code, re.compile(pattern, re.DOTALL)) for code, pattern in PATTERNS)


def coded(sentence):
    for code, pattern in KNOWN:
        if found := pattern.fullmatch(sentence):
            facts = found.groupdict()
            facts |= {name: int(facts[name]) for name in ("months", "left") if name in facts}
            facts |= {name: AMOUNTS[facts[name]] for name in ("means", "other") if name in facts}
            return {"code": code, "facts": facts}
    return EARLIER.coded(sentence)


def code_warnings(apps, schema_editor):
    deals = apps.get_model("crm_sync", "BackfillDeal").objects
    changed = []
    for row in deals.exclude(warnings=[]).only("warnings").iterator(chunk_size=AT_ONCE):
        row.warnings = [coded(one) if isinstance(one, str) else one for one in row.warnings]
        changed.append(row)
        if len(changed) == AT_ONCE:
            deals.bulk_update(changed, ["warnings"])
            changed = []
    deals.bulk_update(changed, ["warnings"])


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0121_findings_by_code")]

    operations = [migrations.RunPython(code_warnings, migrations.RunPython.noop)]
