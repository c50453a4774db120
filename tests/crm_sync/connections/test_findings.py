"""What is found is stored as a code and its facts, and told in the words of the catalogue."""

from datetime import date
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from crm_sync.enums import Outcome
from crm_sync.findings.catalogue import FINDINGS, LINT, REMEDIES, SHOWS, UNADDRESSED
from crm_sync.findings.codes import FindingCode, LintCode, Remedy
from crm_sync.findings.values import Finding, each_once, finding, finding_from, stored, without
from crm_sync.models import Backfill, BackfillDeal
from tests.crm_sync.page_rows import connect, ran

MIGRATION = import_module("crm_sync.migrations.0121_findings_by_code")
PREVIEWS = import_module("crm_sync.migrations.0122_warnings_of_previews_by_code")
ASKS = finding(FindingCode.MANY_INVOICES)
CRM = {"crm": "HubSpot"}
TERM = {"key": "duration", "label": "Contract Duration"}
AMOUNT = {"key": "contract_value", "label": "Contract Value"}
SAMPLES: tuple[tuple[FindingCode, dict[str, Any], str], ...] = (
    (
        FindingCode.ZONE_UNKNOWN,
        CRM | {"told": "Mars/Olympus"},
        "HubSpot tells the time zone 'Mars/Olympus', which",
    ),
    (FindingCode.ZONE_UNKNOWN, CRM | {"told": ""}, "HubSpot tells no time zone, so the days of its deals"),
    (FindingCode.CURRENCY_UNKNOWN, CRM, "HubSpot does not tell the portal's currency. Choose the currency"),
    (FindingCode.NOT_SIGNED, {}, "Salesforce's token answer is not signed with the consumer secret"),
    (FindingCode.OWNERS_UNREADABLE, {"scope": "crm.objects.owners.read"}, "Account Manager stays blank: the"),
    (
        FindingCode.OWNERS_UNREADABLE,
        {"error": "It failed. Ask."},
        "Account Manager stays blank: It failed. Ask.",
    ),
    (FindingCode.OWNERS_UNREADABLE, {}, "HubSpot listed an owner without an id: Account Manager stays blank"),
    (FindingCode.MERGES_UNREADABLE, {"error": "No right."}, "Merged accounts are not followed: No right."),
    (
        FindingCode.STAGES_GONE,
        CRM | {"stages": ["Won", "Signed"], "all": True},
        "No stage in HubSpot is named Won or Signed. Nothing is imported. Choose the stages again on this",
    ),
    (
        FindingCode.STAGES_GONE,
        CRM | {"stages": ["Won"], "all": False},
        "No stage in HubSpot is named Won. Choose",
    ),
    (
        FindingCode.FIELD_HIDDEN,
        CRM | TERM | {"field": "term"},
        "Contract Duration is fed by term, which is not in HubSpot or not to be seen by us. Choose another field",
    ),
    *(
        (
            FindingCode.FIELD_UNFIT,
            AMOUNT | {"problem": "type", "source": "Amount", "kind": "a date field", "remedy": remedy.value},
            f"Contract Value is fed by Amount, a date field; {REMEDIES[remedy]}.",
        )
        for remedy in Remedy
    ),
    (
        FindingCode.FIELD_UNFIT,
        TERM | {"problem": "unit_named", "source": "Term", "example": "weeks", "unit": "months"},
        "Contract Duration is fed by Term, which is named for weeks; its plain numbers are read as months.",
    ),
    (
        FindingCode.FIELD_UNFIT,
        TERM | {"problem": "unit_both", "source": "Term", "example": "3"},
        "Contract Duration is fed by Term, whose values go up to 3: months and years are both possible. Choose",
    ),
    (
        FindingCode.FIELD_UNFIT,
        TERM
        | {"problem": "unit_shown", "source": "T", "proof": "choices", "shown": "years", "unit": "months"},
        "Contract Duration is fed by T, whose choices show years; its plain numbers are read as months.",
    ),
    (
        FindingCode.FIELD_UNFIT,
        TERM
        | {"problem": "unit_shown", "source": "Term", "proof": "name", "shown": "years", "unit": "months"},
        "Contract Duration is fed by Term, which is named for years; its plain numbers are read as months.",
    ),
    (
        FindingCode.FIELD_UNFIT,
        TERM
        | {"problem": "unit_shown", "source": "Term", "proof": "values", "shown": "months", "unit": "years"}
        | {"example": "36"},
        "Contract Duration is fed by Term, whose values such as 36 look like months; its plain numbers are read",
    ),
    (
        FindingCode.FIELD_UNFIT,
        TERM | {"problem": "unit_label", "source": "Term", "label_there": "Two years", "value": "12"},
        "Contract Duration is fed by Term, where “Two years” is kept as “12”, which is read as something else;",
    ),
    (
        FindingCode.STAGE_MISSED,
        {"stage": "Closed won", "deals": 1},
        "1 deal in 'Closed won' is not imported. Select",
    ),
    (
        FindingCode.STAGE_MISSED,
        {"stage": "won!", "deals": 1200},
        "1,200 deals in 'won!' are not imported. Select",
    ),
    (
        FindingCode.MANY_LEAVERS,
        {"deals": 21},
        "21 imported deals are no longer won in the CRM. That many at once",
    ),
    (
        FindingCode.CALLS_SHORT,
        CRM | {"used": 12502, "limit": 15000, "below": 80},
        "12,502 of the day's 15,000 API calls of this HubSpot are used. Fincelo polls every 30 minutes until it "
        "is less than 80%.",
    ),
    (
        FindingCode.CALLS_SPENT,
        CRM | {"used": 15000, "limit": 15000},
        "15,000 of the day's 15,000 API calls of this HubSpot are used. Fincelo leaves the rest to other programs",
    ),
    (
        FindingCode.CLOCK_AHEAD,
        CRM | {"moment": "2031-01-01, 10:00 UTC"},
        "HubSpot told a time that is still to come, 2031-01-01, 10:00 UTC. Fincelo continues from the present",
    ),
    (
        FindingCode.DEAL_UNREAD,
        {"deal": "9001", "why": "It is odd."},
        "Deal 9001 could not be read. It is odd.",
    ),
    (
        FindingCode.DEALS_UNSEEN,
        {"deals": 1},
        "HubSpot counts 1 deal that its search does not show. The daily",
    ),
    (
        FindingCode.DEALS_UNSEEN,
        {"deals": 12},
        "HubSpot counts 12 deals that its search does not show. The daily",
    ),
    (FindingCode.DEALS_NAMELESS, {"deals": 2}, "HubSpot listed 2 deals without a readable id."),
    (
        FindingCode.ACCOUNTS_MERGED,
        {"customers": ["Acme Ltd", "Beta AG"]},
        "Acme Ltd and Beta AG are one company in the CRM now. Its deals belong to Acme Ltd from now on; no",
    ),
    (
        FindingCode.DEFAULT_CURRENCY,
        {"currency": "EUR"},
        "The deal names no currency: EUR, the default, is taken.",
    ),
    (
        FindingCode.BOTH_READINGS,
        {"months": 24, "means": "total", "value": "EUR 1.00", "other": "annual", "other_value": "EUR 2.00"},
        "The term is 24 months. With the amount as a total contract value the contract is over EUR 1.00; as an "
        "annual value it would be over EUR 2.00.",
    ),
    (
        FindingCode.TERM_BELOW_CYCLE,
        {"months": 1},
        "The term of 1 month is shorter than the billing cycle: one",
    ),
    (
        FindingCode.SHORT_LAST_PERIOD,
        {"months": 14, "left": 2},
        "The term of 14 months is no multiple of the billing cycle: the last instalment covers 2 months.",
    ),
    (
        FindingCode.PERIOD_STRADDLES,
        {"start": "2026-07-01", "last": "2026-09-30", "billed_until": "2026-09-29"},
        "The period 2026-07-01 to 2026-09-30 goes beyond 2026-09-29, up to which the deal was billed elsewhere:",
    ),
    (
        FindingCode.MISSED_PERIODS,
        {},
        "The oldest period to bill was missed more than 31 days ago: the contract",
    ),
    (
        FindingCode.MANY_INVOICES,
        {},
        "More than three invoices would be due at once: the contract asks before",
    ),
    (FindingCode.WAITS_FOR_APPROVAL, {}, "The invoices of today wait for approval."),
    (FindingCode.WORDED, {"sentence": "Nobody knows this one."}, "Nobody knows this one."),
)


FORMER_WORDS = {FindingCode.CLOCK_AHEAD: ("Fincelo continues from", "Fincelo goes on from")}
"""What a sentence says now, and what it said when it was still stored."""


@pytest.mark.parametrize(("code", "facts", "beginning"), SAMPLES, ids=[f"{one[0]}" for one in SAMPLES])
def test_findings_are_told_and_stored_sentences_become_findings(
    code: FindingCode, facts: dict[str, Any], beginning: str
) -> None:
    found = Finding(code=code, facts=facts)

    assert found.sentence.startswith(beginning)
    stored_sentence = found.sentence.replace(*FORMER_WORDS.get(code, ("", "")))
    assert finding_from(PREVIEWS.coded(stored_sentence)) == found


def test_every_code_has_its_sentence_and_its_sample() -> None:
    assert set(FINDINGS.templates) == set(FindingCode) == {code for code, _, _ in SAMPLES}
    assert {*LINT.templates, *UNADDRESSED.templates} == set(LintCode)
    assert set(REMEDIES) == set(Remedy)
    assert set(SHOWS) == {"name", "choices", "values"}


def test_finding_is_found_again_as_it_was_stored() -> None:
    one, other = finding(FindingCode.MANY_LEAVERS, deals=21), finding(FindingCode.DEALS_UNSEEN, deals=2)

    assert each_once([one, other, finding(FindingCode.MANY_LEAVERS, deals=21)]) == [one, other]
    assert [finding_from(entry) for entry in stored([one, other])] == [one, other]
    assert without([*stored([one, other]), "An old sentence."], code=one.code) == [
        other.stored,
        "An old sentence.",
    ]
    assert finding_from("An old sentence.").sentence == "An old sentence."


@pytest.mark.django_db
def test_migration_turns_what_is_stored_into_findings() -> None:
    signed, other = finding(FindingCode.NOT_SIGNED), "Something else."
    old = [signed.sentence, other]
    facts = {"told": "Mars"}
    zone = finding(FindingCode.ZONE_UNKNOWN, crm="HubSpot", **facts)
    standing = {"ZONE_UNKNOWN": {"sentence": zone.sentence, "facts": facts}}
    run = ran(connect(warnings=old, standing=standing), warnings=old)

    listed = Backfill.objects.create(
        connection=run.connection, import_from=date(2026, 1, 1), as_of=date(2026, 11, 30), digest="d"
    )
    row = BackfillDeal.objects.create(
        backfill=listed, external_id="1", name="A", outcome=Outcome.CREATED, warnings=[ASKS.sentence, other]
    )

    for _ in range(2):
        MIGRATION.code_warnings(apps, None)
        PREVIEWS.code_warnings(apps, None)

    run.refresh_from_db()
    run.connection.refresh_from_db()
    assert run.found == run.connection.found == [signed, finding(FindingCode.WORDED, sentence=other)]
    row.refresh_from_db()
    assert row.found == [ASKS, finding(FindingCode.WORDED, sentence=other)]
    assert run.connection.standing == {"ZONE_UNKNOWN": zone.facts}
