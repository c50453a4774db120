"""Deals, mappings and raw values for tests of the pure functions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from contracts.drafts import ContractDraft
from contracts.enums import BillingTiming
from crm_sync.clients.registry import facts_of
from crm_sync.deals import Deal, RawValue
from crm_sync.enums import AmountMeans, SourceObject, Target, TermUnit
from crm_sync.mapping.compiled import compiled
from crm_sync.mapping.mapper import map_deal
from crm_sync.mapping.result import MappedDeal, fingerprint
from crm_sync.mapping.rules import FieldRule, MappingRules, MappingSettings

HUBSPOT_RULES = (
    FieldRule(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="name"),
    FieldRule(target=Target.CONTRACT_VALUE, source_field="amount"),
    FieldRule(target=Target.START_DATE, source_field="closedate"),
    FieldRule(target=Target.ACCOUNT_MANAGER, source_object=SourceObject.OWNER, source_field="email"),
    FieldRule(target=Target.DURATION, source_field="term"),
    FieldRule(target=Target.BILLING_CYCLE, source_field="frequency"),
)
COMPLETE: Mapping[str, RawValue] = {
    "amount": "12000.00",
    "closedate": "2026-11-20T15:30:00Z",
    "term": "12",
    "frequency": "Quarterly",
    "deal_currency_code": "USD",
}


def a_deal(
    *,
    external_id: str = "9001",
    name: str = "Acme - Platform",
    stage: str = "Closed Won",
    crm_says_won: bool | None = True,
    modified_at: datetime = datetime(2026, 11, 22, 10, 14, tzinfo=UTC),
    close_date: date | None = date(2026, 11, 20),
    account_id: str = "501",
    account_problem: str = "",
    account: Mapping[str, RawValue] | None = None,
    owner: Mapping[str, RawValue] | None = None,
    **changes: RawValue,
) -> Deal:
    """A complete won HubSpot deal; `changes` are its deal fields."""
    return Deal(
        external_id=external_id,
        name=name,
        stage=stage,
        crm_says_won=crm_says_won,
        modified_at=modified_at,
        close_date=close_date,
        account_id=account_id,
        account_problem=account_problem,
        url=f"https://app.hubspot.com/contacts/1/record/0-3/{external_id}",
        fields={
            SourceObject.DEAL: {**COMPLETE, **changes},
            SourceObject.ACCOUNT: {"name": "Acme Ltd"} if account is None else account,
            SourceObject.OWNER: {"email": "sam@acme.example"} if owner is None else owner,
        },
    )


def rules_with(
    *others: FieldRule, translations: Mapping[str, Mapping[str, str]] | None = None, version: int = 1
) -> MappingRules:
    """The usual rules of HubSpot; one for a target that is there already takes its place."""
    replaced = {rule.target for rule in others if rule.target is not Target.CUSTOM}
    kept = [rule for rule in HUBSPOT_RULES if rule.target not in replaced]
    return MappingRules(version=version, rules=(*kept, *others), translations=translations or {})


def settings_with(
    *,
    provider: str = "hubspot",
    time_zone: str = "US/Eastern",
    default_currency: str = "EUR",
    amount_means: AmountMeans = AmountMeans.TOTAL,
    term_unit: TermUnit = TermUnit.MONTHS,
    billing_timing: BillingTiming = BillingTiming.IN_ADVANCE,
    lead_days: int = 0,
) -> MappingSettings:
    return MappingSettings(
        provider_name=facts_of(provider).name,
        time_zone=time_zone,
        currency_field=facts_of(provider).currency_field,
        default_currency=default_currency,
        amount_means=amount_means,
        term_unit=term_unit,
        billing_timing=billing_timing,
        lead_days=lead_days,
    )


def mapped(
    deal: Deal, *, rules: MappingRules | None = None, settings: MappingSettings | None = None
) -> MappedDeal:
    rules, settings = rules or rules_with(), settings or settings_with()
    fields = compiled(rules=rules, settings=settings)
    return map_deal(
        deal, fields=fields, settings=settings, digest=fingerprint(deal, rules=rules, settings=settings)
    )


def problems_of(one: MappedDeal) -> list[tuple[str, str]]:
    return [(problem.code.value, problem.sentence) for problem in one.problems]


def amounts_of(one: MappedDeal) -> list[str]:
    return [str(planned.amount) for planned in one.plan]


def contract_of(one: MappedDeal) -> ContractDraft:
    assert problems_of(one) == []
    assert one.contract is not None
    return one.contract


AWKWARD_TEXTS: Sequence[str] = (
    "",
    "   ",
    "\u200b\ufeff",
    "a" * 255,
    "a" * 256,
    "n" * 501,
    "x" * 10_000_000,
    "A\u0000B",
    "\ud800",
    "A\udfffcme",
    "\u202eemcA\u202c",
    "A\u200bcme",
    "Café",
    "Cafe\u0301",
    "🧾 Ünïcode ☂",
    "شركة الاختبار",
    "Acme\r\nBcc: all@example.com",
    "A\tB\x1cC\x85D",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{7*7}}{% load %}%s",
    '=HYPERLINK("https://evil.example")',
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1+1",
    "../../etc/passwd",
    "'; DROP TABLE--",
    "ends with \\",
    "&amp;&#0;",
    "ı",
    "0",
    "-0",
    "0.001",
    "0.125",
    "2.675",
    "1e15",
    "1e400",
    "1E+999",
    "9" * 19,
    "9" * 5000,
    "1,000.00",
    "1.000,00",
    "EUR 5",
    "1_000",
    "٤٢",
    "４２",
    "NaN",
    "sNaN",
    "Infinity",
    "true",
    "XXX",
    "HRK",
    "kwd",
    "Uſd",
    "ßp",
    "0001-01-01",
    "9999-12-31",
    "2025-02-29",
    "2025-W14-2",
    "20250401",
    "1990010112345",
    "1743469740",
    "2025-04-01T01:09",
    "2025-04-01T01:09:00+14:00",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "-6 months",
    "1200",
    "1201",
    "P12M",
    "P",
    "12-24",
)
AWKWARD_NUMBERS: Sequence[Decimal | int | bool] = (
    True,
    False,
    0,
    -1,
    10**18,
    10**40,
    10**4999,
    -(10**5000),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("-Infinity"),
    Decimal("1E+400"),
    Decimal("1E+999999"),
    Decimal("1E-999999"),
    Decimal("0E+999999"),
    Decimal("-0"),
    Decimal("0.001"),
    Decimal("2.675"),
    Decimal("24.0"),
    Decimal("12." + "0" * 1_000_000),
    Decimal("0." + "1" * 1_000_000),
)
AWKWARD_VALUES: Sequence[RawValue] = (None, *AWKWARD_TEXTS, *AWKWARD_NUMBERS)


def raw_values() -> st.SearchStrategy[RawValue]:
    """Anything a CRM could send as a field's value."""
    return st.one_of(
        st.sampled_from(AWKWARD_VALUES),
        st.text(st.characters(), max_size=40),
        st.text("0123456789.,-+eE_ PTYMZ:monthsyears", max_size=24),
        st.integers(),
        st.booleans(),
        st.decimals(),
        st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
        st.dates().map(str),
    )
