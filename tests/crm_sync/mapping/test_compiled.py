"""The rules of a mapping are looked up once for all deals of a run."""

import pytest

from crm_sync.enums import Target
from crm_sync.mapping.compiled import compiled
from crm_sync.mapping.mapper import map_deal
from crm_sync.mapping.rules import FieldRule, MappingRules
from tests.crm_sync.deal_values import a_deal, rules_with, settings_with


def test_no_deal_looks_a_rule_up(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with()
    fields = compiled(rules=rules_with(), settings=settings)

    def refuse(*asked: object, **named: object) -> None:
        raise AssertionError("a rule was looked up for one deal")

    monkeypatch.setattr(MappingRules, "rule", refuse)
    monkeypatch.setattr(FieldRule, "applied", property(refuse))
    monkeypatch.setattr(FieldRule, "key", property(refuse))
    one = map_deal(a_deal(), fields=fields, settings=settings, digest="")

    assert one.problems == ()
    assert one.contract is not None


def test_a_deal_without_a_currency_field_is_read_by_the_crms_own() -> None:
    settings = settings_with(provider="salesforce", default_currency="CHF")

    currency = compiled(rules=rules_with(), settings=settings).by_target[Target.CURRENCY]

    assert currency.source.endswith(": CurrencyIsoCode")
    assert currency.rule.default_value == "CHF"
