"""What sellers write about cycles, timings and terms is taken wholly or held."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from contracts.enums import BillingCycle, BillingTiming
from crm_sync.deals import CrmField, RawValue
from crm_sync.enums import HoldCode, SourceObject, Target, TermUnit
from crm_sync.mapping import readers
from crm_sync.mapping.lint import lint, unit_problems
from crm_sync.mapping.problems import Cure, cures_of
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rhythm_words import Misread, NoRhythm, rhythm_of, timing_beside, timing_of
from crm_sync.mapping.rhythms import Rhythm, rhythm_choices, timing_choices
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.suggestions import propose
from crm_sync.mapping.words import same_words
from tests.crm_sync.deal_values import a_deal, contract_of, mapped, rules_with, settings_with
from tests.crm_sync.vocabulary import (
    Share,
    cases_of,
    entries_of,
    judge_cycle,
    judge_field,
    judge_term,
    proposed,
    term_field,
)

GOOD = (Share.RIGHT, Share.CURABLE)
ARREARS, ADVANCE = BillingTiming.IN_ARREARS, BillingTiming.IN_ADVANCE


@pytest.mark.parametrize("entry", [entry for _, entry in entries_of("vocabulary_cycle.json")], ids=repr)
def test_public_lists_of_cycles(entry: Mapping[str, Any]) -> None:
    assert judge_cycle(entry) in GOOD


@pytest.mark.parametrize(("listed", "entry"), list(entries_of("vocabulary_term.json")))
def test_public_lists_of_terms(listed: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    assert judge_term(listed, entry) in GOOD


@pytest.mark.parametrize("case", cases_of("term_fields.json"), ids=lambda case: case["label"])
def test_proposals_for_fields_of_terms(case: Mapping[str, Any]) -> None:
    assert judge_field(case) is Share.RIGHT


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("One-off", "one_time"),
        ("Quarterly.", "quarterly"),
        ("Semi\u2010Annual", "semi_annual"),
        ("HALF\u00a0YEARLY", "semi_annual"),
        ("\uff2d\uff4f\uff4e\uff54\uff48\uff4c\uff59", "monthly"),
        ("Every 12 months", "annual"),
        ("4 payments per year", "quarterly"),
        ("once a year", "annual"),
        ("Once", "one_time"),
        ("Upfront", "one_time"),
        ("Annual upfront", "annual in_advance"),
        ("prepaid yearly", "annual in_advance"),
        ("Annual (12 months)", "annual"),
        ("Yearly in Arrears", "annual in_arrears"),
        ("Quarterly, 30 days in advance", "quarterly in_advance 30 days before"),
        ("vierteljährlich nachträglich", "quarterly in_arrears"),
        ("Trimestriel à terme échu", "quarterly in_arrears"),
        ("à l'avance, annuel", "annual in_advance"),
    ],
)
def test_texts_that_are_understood(text: str, code: str) -> None:
    found = rhythm_of(text)

    assert isinstance(found, Rhythm)
    assert found.code == code


@pytest.mark.parametrize(
    ("text", "why", "detail"),
    [
        ("Annual, net 60", Misread.MORE, "net 60"),
        ("Quarterly - prepaid by card", Misread.MORE, "card"),
        ("12 monthly payments", Misread.MORE, "12 payments"),
        ("3-monthly", Misread.MORE, "3"),
        ("every 2nd quarter", Misread.MORE, "2 nd"),
        ("Not monthly", Misread.MORE, "not"),
        ("Monthly\u202e", Misread.MORE, "\u202e"),
        ("Quarter end", Misread.MORE, "end"),
        ("Annual, 20 days before", Misread.LEAD, ""),
        ("Monthly in advance and in arrears", Misread.SEVERAL, ""),
        ("Monthly (30 days)", Misread.SEVERAL, ""),
        ("Monthly / Annual", Misread.SEVERAL, ""),
        ("Annual, monthly usage", Misread.SEVERAL, ""),
        ("Weekly in advance", Misread.NOT_BILLED, ""),
        ("every other month", Misread.NOT_BILLED, ""),
        ("On project completion", Misread.NOT_BILLED, ""),
        ("TBD", Misread.NO_CYCLE, ""),
        ("In arrears", Misread.UNKNOWN, ""),
        ("month\u00b2", Misread.UNKNOWN, ""),
        ("12", Misread.UNKNOWN, ""),
        ("x" * 500, Misread.UNKNOWN, ""),
    ],
)
def test_texts_that_are_held(text: str, why: Misread, detail: str) -> None:
    assert rhythm_of(text) == NoRhythm(why=why, detail=detail)


@pytest.mark.parametrize("code", [code for code, _ in rhythm_choices()])
def test_a_choice_is_read_as_it_is_stored(code: str) -> None:
    found = rhythm_of(code)

    assert isinstance(found, Rhythm)
    assert found.code == code


@pytest.mark.parametrize("code", [code for code, _ in timing_choices()])
def test_a_timing_is_read_as_it_is_stored(code: str) -> None:
    found = timing_of(code)

    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("cycle", [cycle for cycle in BillingCycle if cycle.months])
@pytest.mark.parametrize("default", list(BillingTiming))
@pytest.mark.parametrize(("words", "timing"), [("in Advance", ADVANCE), ("in Arrears", ARREARS)])
def test_the_words_decide_the_timing_whatever_the_default_is(
    cycle: BillingCycle, default: BillingTiming, words: str, timing: BillingTiming
) -> None:
    settings = settings_with(billing_timing=default, lead_days=0)

    one = mapped(a_deal(frequency=f"{cycle.label} {words}"), settings=settings)

    contract = contract_of(one)
    assert (contract.billing_cycle, contract.billing_timing) == (cycle, timing)
    first = one.plan[0].period
    assert first.billing_date == (first.span.start if timing is ADVANCE else first.span.end)


@pytest.mark.parametrize(
    ("raw", "meant", "timing"),
    [
        ("Jahr nachher", "annual in_arrears", ARREARS),
        ("Yearly in Arrears", "annual", ARREARS),
        ("Yearly in Arrears", "annual in_advance", ADVANCE),
        ("Quarterly - prepaid by card", "quarterly", ADVANCE),
        ("Every spring", "annual", ARREARS),
    ],
)
def test_a_translation_names_the_timing_or_leaves_it_to_the_words(
    raw: str, meant: str, timing: BillingTiming
) -> None:
    rules = rules_with(translations={"billing_cycle": {same_words(raw): meant}})

    one = mapped(a_deal(frequency=raw), rules=rules, settings=settings_with(billing_timing=ARREARS))

    assert contract_of(one).billing_timing is timing


def test_a_translation_of_words_that_deny_a_timing_has_to_name_it() -> None:
    rules = rules_with(translations={"billing_cycle": {"yearly, never in arrears": "annual"}})

    [problem] = mapped(a_deal(frequency="Yearly, never in arrears"), rules=rules).problems

    assert timing_beside("Yearly, never in arrears") == NoRhythm(why=Misread.SEVERAL)
    assert (problem.code, problem.sentence.partition("\u201d ")[2]) == (
        HoldCode.FREQUENCY_UNKNOWN,
        "says when it is billed in words that Fincelo cannot tell; choose the timing with the cycle.",
    )


@pytest.mark.parametrize(
    "text",
    ["Annual w/o prepayment", "Yearly, isn't in advance", "J\u00e4hrlich ohne Vorschuss, nicht voraus"],
)
def test_denied_timings_are_not_taken(text: str) -> None:
    assert timing_beside(text) == NoRhythm(why=Misread.SEVERAL)


@pytest.mark.parametrize(
    ("field", "words", "expected"),
    [
        ("Arrears", "Quarterly", (ARREARS, 0)),
        ("In advance", "Quarterly", (ADVANCE, 15)),
        ("30 days in advance", "Quarterly in advance", (ADVANCE, 30)),
        (None, "Quarterly in arrears", (ARREARS, 0)),
        (None, "Quarterly", (ADVANCE, 15)),
        ("In arrears", "Quarterly in advance", None),
        ("When we feel like it", "Quarterly", None),
    ],
)
def test_a_field_of_its_own_tells_the_timing(
    field: RawValue, words: str, expected: tuple[BillingTiming, int] | None
) -> None:
    rules = rules_with(FieldRule(target=Target.BILLING_TIMING, source_field="billing_type"))

    one = mapped(
        a_deal(frequency=words, billing_type=field), rules=rules, settings=settings_with(lead_days=15)
    )

    told = one.contract and (one.contract.billing_timing, one.contract.lead_days)
    assert told == expected
    assert [problem.code for problem in one.problems] == ([] if expected else [HoldCode.FREQUENCY_UNKNOWN])


@pytest.mark.parametrize(
    "text", ["Weekly", "per_two_years", "Usage", "28 Days", "TBD", "Other (please state)"]
)
def test_what_is_not_billed_is_not_offered_a_cycle(text: str) -> None:
    [problem] = mapped(a_deal(frequency=text)).problems
    stored = {"code": problem.code.value, "key": problem.key, "raw": problem.raw}

    assert cures_of(stored) == [Cure.ENTER, Cure.MAPPING]
    assert problem.cure == (
        "Change it in HubSpot to a cycle that is billed, enter the value in Fincelo, choose another field in "
        "Field Mapping, or dismiss the deal."
    )


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("2 years 6 months", 30),
        ("18 months (1.5 years)", 18),
        ("24 months / 2 years", 24),
        ("1,5 Jahre", 18),
        ("24\u2009Monate.", 24),
        ("Twelve months", 12),
        ("24 months / 3 years", 0),
        ("6 months 2 years", 0),
        ("1 year 12 months", 0),
        ("1 year + 4 quarters", 0),
        ("12 months 24 months", 0),
        ("1.500 months", 0),
        ("12\u00b2 months", 0),
        ("\u2212 12 months", 0),
        ("12 months minimum", 0),
    ],
)
def test_terms_in_words(text: str, months: int) -> None:
    assert readers.months_of_text(text) == months


@pytest.mark.parametrize("raw", ["1e3", "1E+1", Decimal("1E+2"), "1200", "21 years", 241])
def test_a_term_that_is_likely_a_slip_waits_for_a_person(raw: RawValue) -> None:
    with pytest.raises(Unreadable):
        readers.read_months(raw, unit=TermUnit.MONTHS)


def test_a_long_term_that_a_person_entered_is_taken() -> None:
    assert readers.read_months("1200", unit=TermUnit.MONTHS, is_entered=True) == 1200
    rules = rules_with(translations={"duration": {"100 years": "1200 months"}})

    assert contract_of(mapped(a_deal(term="100 years"), rules=rules)).duration_months == 1200


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Setup Fee Term", "Term__c"),
        ("Warranty Term", "Warranty_Term__c"),
        ("Contract Term", "Contract_Term_Id__c"),
        ("Call Duration", "Duration__c"),
        ("Contract Term (weeks)", "Contract_Term__c"),
        ("Renewal Term", "Renewal_Term__c"),
        ("Term Start Date", "Term_Start__c"),
        ("Backup Frequency", "Frequency__c"),
        ("Long Term Goal", "Long_Term__c"),
    ],
)
def test_terms_of_something_else_are_not_proposed(label: str, name: str) -> None:
    field = CrmField(source_object=SourceObject.DEAL, name=name, label=label, type="string")

    fed = [rule for rule in propose(provider="salesforce", fields=[field]) if rule.source_field == name]

    assert fed == []


@pytest.mark.parametrize(
    ("field", "unit"),
    [
        (term_field(label="Laufzeit (Jahre)", type_name="double"), TermUnit.YEARS),
        (
            CrmField(
                source_object=SourceObject.DEAL, name="TermInYears__c", label="Contract Term", type="double"
            ),
            TermUnit.YEARS,
        ),
        (
            CrmField(
                source_object=SourceObject.DEAL,
                name="contract_term",
                label="Contract Term",
                type="enumeration",
                options=(("1", "1 year"), ("3", "3 years")),
            ),
            TermUnit.YEARS,
        ),
        (term_field(label="Contract Term", type_name="double", samples=["3.0", "36.0"]), TermUnit.MONTHS),
        (term_field(label="Contract Term", type_name="double", samples=["3.0"]), None),
        (term_field(label="Contract Term", type_name="picklist", options=["12 months"]), None),
    ],
)
def test_the_unit_is_proposed_from_what_the_field_tells(field: CrmField, unit: TermUnit | None) -> None:
    assert proposed(field).term_unit is unit


@pytest.mark.parametrize(
    ("label", "samples", "unit", "said"),
    [
        (
            "Term (Years)",
            ["3.0"],
            None,
            [
                (
                    "is fed by Term (Years), which is named for years; its plain numbers are read as months",
                    False,
                )
            ],
        ),
        (
            "Contract Term",
            ["12.0", "36.0"],
            TermUnit.YEARS,
            [
                (
                    "is fed by Contract Term, whose values such as 36 look like months; its plain numbers are "
                    "read as years",
                    False,
                )
            ],
        ),
        (
            "Contract Term",
            ["1.0", "5.0"],
            None,
            [
                (
                    "is fed by Contract Term, whose values go up to 5: months and years are both possible. "
                    "Choose what its plain numbers are",
                    True,
                )
            ],
        ),
        ("Contract Term", ["1.0", "5.0"], TermUnit.MONTHS, []),
        ("Term (Years)", ["3.0"], TermUnit.YEARS, []),
        (
            "Term (Weeks)",
            ["52.0"],
            None,
            [
                (
                    "is fed by Term (Weeks), which is named for weeks; its plain numbers are read as months. "
                    "Choose another field, or have it read by its translation table only",
                    True,
                )
            ],
        ),
        ("Contract Term", ["12.0"], None, []),
    ],
)
def test_a_stored_mapping_is_compared_with_label_and_values(
    label: str, samples: list[str], unit: TermUnit | None, said: list[tuple[str, bool]]
) -> None:
    field = term_field(label=label, type_name="double", samples=samples)
    rule = FieldRule(target=Target.DURATION, source_field=field.name, term_unit=unit)

    found = lint(rules=rules_with(rule), fields=[field], settings=settings_with())

    told = [(one.sentence, one.blocking) for one in unit_problems(found)]
    assert told == [(f"Contract Duration {sentence}.", blocking) for sentence, blocking in said]
