"""A choice whose label says something else than its value is asked about before any deal is read by it."""

from collections.abc import Mapping

import pytest

from crm_sync.deals import CrmField
from crm_sync.enums import SourceObject, Target, TermUnit
from crm_sync.mapping.lint import lint, unit_problems
from crm_sync.mapping.rules import FieldRule
from tests.crm_sync.deal_values import rules_with, settings_with

CYCLE, TERM, TIMING = Target.BILLING_CYCLE, Target.DURATION, Target.BILLING_TIMING


def asked(
    target: Target, *options: tuple[str, str], table: Mapping[str, str] | None = None
) -> list[tuple[str, bool]]:
    """The facts that are asked about, each with whether it keeps the mapping from being confirmed."""
    field = CrmField(
        source_object=SourceObject.DEAL, name="f", label="Field", type="enumeration", options=options
    )
    rule = FieldRule(target=target, source_field="f", term_unit=TermUnit.MONTHS if target is TERM else None)
    rules = rules_with(rule, translations={target.value: table} if table else {})
    found = unit_problems(lint(rules=rules, fields=[field], settings=settings_with()))
    return [(one.fact.partition("label:")[2], one.blocking) for one in found if "|unit:f:label:" in one.fact]


@pytest.mark.parametrize(
    ("target", "value", "label"),
    [
        (CYCLE, "annual", "Annual in Arrears"),
        (CYCLE, "annual", "Every two years"),
        (CYCLE, "quarterly", "Monthly"),
        (CYCLE, "monthly", "Monthly or quarterly"),
        (CYCLE, "monthly_in_advance", "Monthly in arrears"),
        (CYCLE, "quarterly", "Quarterly In Advance (Direct Debit)"),
        (TERM, "2", "1 year"),
        (TERM, "12_months", "2 years"),
        (TIMING, "advance", "In arrears"),
    ],
)
def test_label_that_says_otherwise(target: Target, value: str, label: str) -> None:
    assert asked(target, (value, label)) == [(value, True)]
    meant = {CYCLE: "annual in_arrears", TERM: "12 months", TIMING: "in_arrears"}[target]
    assert asked(target, (value, label), table={value.replace("_", " "): meant}) == []


@pytest.mark.parametrize(
    ("target", "value", "label"),
    [
        (CYCLE, "annually", "Jährlich"),
        (CYCLE, "per_six_months", "Every 6 months"),
        (CYCLE, "semiannually", "Bi-annual"),
        (CYCLE, "monthly", "Plan B"),
        (CYCLE, "biweekly", "Every two weeks"),
        (TERM, "12", "1 year"),
        (TERM, "12", "Standard"),
        (TERM, "a", "2 years"),
        (TIMING, "advance", "Prepaid"),
    ],
)
def test_label_that_agrees_or_says_nothing(target: Target, value: str, label: str) -> None:
    assert asked(target, (value, label)) == []
