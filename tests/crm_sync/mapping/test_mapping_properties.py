"""What holds for any deal whatever, and what a fingerprint tells apart."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.enums import BillingCycle, BillingTiming
from crm_sync.deals import Deal
from crm_sync.enums import AmountMeans, SourceObject, Target, TermUnit
from crm_sync.mapping.result import MappedDeal, fingerprint
from crm_sync.mapping.rules import FieldRule, MappingRules, from_snapshot, to_snapshot
from tests.crm_sync.deal_values import a_deal, mapped, raw_values, rules_with, settings_with

RULES = rules_with(
    FieldRule(target=Target.PO_NUMBER, source_field="po"),
    FieldRule(target=Target.ADDRESS, source_object=SourceObject.ACCOUNT, source_field="address"),
    FieldRule(target=Target.CUSTOM, custom_label="Region", source_field="region"),
)
DEAL_FIELDS = ("amount", "closedate", "term", "frequency", "deal_currency_code", "po", "region")
AMOUNTS = st.decimals(min_value="0.01", max_value="99999999", places=2).map(str)


@st.composite
def any_deals(draw: st.DrawFn) -> Deal:
    """A complete deal in which some values are replaced by anything at all."""
    replaced: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
        st.sampled_from(DEAL_FIELDS), raw_values(), max_size=3
    )
    name = draw(st.one_of(st.just("Acme"), st.text(st.characters(), max_size=20)))
    account = {"name": draw(st.one_of(st.just("Acme Ltd"), raw_values())), "address": draw(raw_values())}
    return a_deal(
        name=name,
        account_id=draw(st.sampled_from(["501", ""])),
        crm_says_won=draw(st.sampled_from([True, None, False])),
        account=account,
        **draw(replaced),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deal=any_deals(), means=st.sampled_from(AmountMeans), unit=st.sampled_from(TermUnit))
def test_a_deal_has_either_problems_or_a_contract_with_its_plan(
    deal: Deal, means: AmountMeans, unit: TermUnit
) -> None:
    one = mapped(deal, rules=RULES, settings=settings_with(amount_means=means, term_unit=unit))

    made = (one.customer is not None, one.contract is not None, bool(one.plan))
    assert made == ((False,) * 3 if one.problems else (True,) * 3)
    assert "\u0000" not in all_texts(one)
    assert all_texts(one).encode().decode() == all_texts(one)


def all_texts(one: MappedDeal) -> str:
    """What is shown and stored of a deal, apart from the contract."""
    texts = [text for problem in one.problems for text in (problem.raw, problem.sentence, problem.cure)]
    texts += [text for step in one.trace for text in (step.raw, step.value)]
    return "\n".join(texts)


@settings(deadline=None)
@given(
    amount=AMOUNTS,
    months=st.integers(1, 60),
    cycle=st.sampled_from(BillingCycle),
    currency=st.sampled_from(["USD", "BHD"]),
    timing=st.sampled_from(BillingTiming),
    day=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
)
def test_the_plan_adds_up_to_the_value_and_tiles_the_term(
    amount: str, months: int, cycle: BillingCycle, currency: str, timing: BillingTiming, day: date
) -> None:
    deal = a_deal(
        amount=amount,
        term=str(months),
        frequency=cycle.label,
        deal_currency_code=currency,
        closedate=day.isoformat(),
    )

    one = mapped(deal, settings=settings_with(billing_timing=timing))

    if one.contract is None:
        assert [problem.code for problem in one.problems] == ["SCHEDULE_IMPOSSIBLE"]
        return
    spans = [planned.period.span for planned in one.plan]
    assert sum(planned.amount.minor for planned in one.plan) == one.contract.value.minor
    assert [span.end for span in spans[:-1]] == [span.start for span in spans[1:]]
    assert (spans[0].start, sum(planned.period.months for planned in one.plan)) == (day, months)


def digest(deal: Deal, rules: MappingRules | None = None) -> str:
    return fingerprint(deal, rules=rules or rules_with(), settings=settings_with())


@pytest.mark.parametrize(
    "changed",
    [
        a_deal(name="Other"),
        a_deal(stage="Won"),
        a_deal(crm_says_won=None),
        a_deal(account_id="502"),
        a_deal(account_id="", account_problem="several"),
        a_deal(account={"name": "Acme Inc"}),
        a_deal(owner={"email": "kim@acme.example"}),
        a_deal(amount="12000.01"),
        a_deal(amount=None),
    ],
)
def test_a_fingerprint_changes_with_what_decides(changed: Deal) -> None:
    assert digest(changed) != digest(a_deal())


@pytest.mark.parametrize(
    "touched",
    [
        a_deal(modified_at=datetime(2027, 1, 1, tzinfo=UTC)),
        a_deal(close_date=None),
        replace(a_deal(), url="https://elsewhere.example"),
    ],
)
def test_a_fingerprint_stays_when_a_deal_was_merely_touched(touched: Deal) -> None:
    assert digest(touched) == digest(a_deal())


def test_a_fingerprint_changes_with_the_mapping_and_the_settings() -> None:
    deal = a_deal()
    seen = {
        digest(deal),
        digest(deal, rules_with(version=2)),
        fingerprint(deal, rules=rules_with(), settings=settings_with(amount_means=AmountMeans.ANNUAL)),
        fingerprint(deal, rules=rules_with(), settings=settings_with(default_currency="USD")),
        fingerprint(deal, rules=rules_with(), settings=settings_with(time_zone="UTC")),
        fingerprint(deal, rules=rules_with(), settings=settings_with(lead_days=30)),
    }

    assert len(seen) == 6


def test_a_fingerprint_of_what_cannot_be_stored() -> None:
    assert len(digest(a_deal(name="\ud800\u0000", amount="\udfff"))) == 64


def test_a_stored_mapping_version_reads_back_as_it_was() -> None:
    rules = rules_with(
        FieldRule(target=Target.CUSTOM, custom_label="Region", source_field="region"),
        translations={"billing_cycle": {"jährlich": "annual"}},
        version=7,
    )

    assert from_snapshot(version=7, snapshot=to_snapshot(rules)) == rules


def test_wanted_fields_are_named_once_per_object() -> None:
    rules = rules_with(
        FieldRule(target=Target.PO_NUMBER, source_field="term"),
        FieldRule(target=Target.CUSTOM, custom_label="Region", source_field="region"),
        FieldRule(target=Target.TAX_ID, default_value="none"),
    )

    assert rules.wanted() == {
        SourceObject.DEAL: ["amount", "closedate", "term", "frequency", "region"],
        SourceObject.ACCOUNT: ["name"],
        SourceObject.OWNER: ["email"],
    }
