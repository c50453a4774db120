"""Every awkward value that a CRM can hold, through every mapped field, into the database.

A value becomes what stands in these tables, or the deal is held and says so in the words of the screen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from contracts.enums import BillingCycle, CustomFieldHome, CustomFieldType
from contracts.models import Contract, Customer
from crm_sync import runs
from crm_sync.deals import Cursor, Deal, DealPage, RawValue
from crm_sync.enums import RunTrigger, SourceObject, Target
from crm_sync.importing.mapped_page import Sight
from crm_sync.importing.page import sync_page
from crm_sync.importing.writing import write_deals
from crm_sync.mapping.rules import FieldRule, MappingRules
from crm_sync.mapping.store import settings_of
from crm_sync.models import Connection, CrmDeal, Hold
from tests.crm_sync.deal_values import AWKWARD_VALUES, HUBSPOT_RULES, a_deal
from tests.crm_sync.sales import TODAY

KEPT = object()
"""The text as it was sent, in one line."""
HELD = object()
MILLION_PLACES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """One field, what feeds it, and which values mean what. Everything else is held."""

    rule: FieldRule
    column: str
    accepted: Mapping[str, object]
    empty: object = HELD
    text_limit: int = 0


def custom(kind: CustomFieldType, *, home: CustomFieldHome = CustomFieldHome.CONTRACT) -> FieldRule:
    label = f"{kind.label} of the {home.label.lower()}"
    return FieldRule(
        target=Target.CUSTOM,
        custom_label=label,
        custom_home=home,
        custom_type=kind,
        source_field=f"custom_{kind.value}_{home.value}",
    )


def text_rule(target: Target, *, source_object: SourceObject = SourceObject.DEAL) -> FieldRule:
    return FieldRule(target=target, source_object=source_object, source_field=f"the_{target.value}")


NUMBERS = {
    "+1": "1",
    "-1": "-1",
    "0": "0",
    "-0": "0",
    "0.001": "0.001",
    "0.125": "0.125",
    "2.675": "2.675",
    "1e15": "1000000000000000",
    "9999999999999999999": "9999999999999999999",
    "20250401": "20250401",
    "1990010112345": "1990010112345",
    "1743469740": "1743469740",
    "1200": "1200",
    "1201": "1201",
    "24.0": "24.0",
    "1000000000000000000": "1000000000000000000",
    "0E+999999": "0",
}
WHOLE_TERMS = {"+1": 1, "P12M": 12, "24.0": 24}  # 1200 is above 240 months: a person says whether it is so
AMOUNTS = {
    "+1": 100,
    "20250401": 2025040100,
    "1990010112345": 199001011234500,
    "1743469740": 174346974000,
    "1200": 120000,
    "1201": 120100,
    "24.0": 2400,
}
FIELDS = (
    Through(rule=HUBSPOT_RULES[1], column="value_minor", accepted=AMOUNTS),
    Through(
        rule=HUBSPOT_RULES[2],
        column="start_date",
        accepted={"2025-04-01T01:09:00+14:00": datetime(2025, 3, 31, tzinfo=UTC).date()},
    ),
    Through(rule=HUBSPOT_RULES[4], column="duration_months", accepted=WHOLE_TERMS),
    Through(rule=HUBSPOT_RULES[5], column="billing_cycle", accepted={"P12M": BillingCycle.ANNUAL}),
    Through(
        rule=FieldRule(target=Target.CURRENCY, source_field="deal_currency_code"),
        column="currency",
        accepted={"kwd": "KWD"},
        empty="USD",
    ),
    Through(rule=HUBSPOT_RULES[0], column="customer.name", accepted={}, text_limit=500),
    Through(rule=HUBSPOT_RULES[3], column="account_manager_email", accepted={}, empty="", text_limit=320),
    Through(rule=text_rule(Target.PO_NUMBER), column="po_number", accepted={}, empty="", text_limit=100),
    Through(
        rule=text_rule(Target.BILLING_EMAIL, source_object=SourceObject.ACCOUNT),
        column="customer.billing_email",
        accepted={},
        empty="",
        text_limit=320,
    ),
    Through(
        rule=text_rule(Target.TAX_ID, source_object=SourceObject.ACCOUNT),
        column="customer.tax_number",
        accepted={},
        empty="",
        text_limit=64,
    ),
    Through(
        rule=text_rule(Target.ADDRESS, source_object=SourceObject.ACCOUNT),
        column="customer.address",
        accepted={},
        empty="",
        text_limit=2000,
    ),
    Through(
        rule=custom(CustomFieldType.TEXT), column="custom_fields", accepted={}, empty=None, text_limit=2000
    ),
    Through(
        rule=custom(CustomFieldType.TEXT, home=CustomFieldHome.CUSTOMER),
        column="customer.custom_fields",
        accepted={},
        empty=None,
        text_limit=2000,
    ),
    Through(rule=custom(CustomFieldType.NUMBER), column="custom_fields", accepted=NUMBERS, empty=None),
    Through(
        rule=custom(CustomFieldType.DATE),
        column="custom_fields",
        accepted={"2025-04-01T01:09:00+14:00": "2025-03-31"},
        empty=None,
    ),
    Through(
        rule=custom(CustomFieldType.YES_NO),
        column="custom_fields",
        accepted={"true": "Yes", "True": "Yes", "False": "No"},
        empty=None,
    ),
)


def plain(raw: RawValue) -> str:
    """The value as a text, by other means than the product's."""
    if isinstance(raw, bool):
        return "Yes" if raw else "No"
    if isinstance(raw, int):
        return f"{Decimal(raw)}"
    return str(raw)


def is_empty(raw: RawValue) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip(" \u200b\ufeff"))


def expected(through: Through, raw: RawValue) -> object:
    if is_empty(raw):
        return through.empty
    if isinstance(raw, bool) and through.rule.target is Target.CUSTOMER_NAME:
        return HELD  # nobody is called Yes
    if not through.text_limit:
        return through.accepted.get(str(raw) if not is_long(raw) else "", HELD)
    lines = through.rule.target is Target.ADDRESS
    pieces = plain(raw).splitlines() if lines else [plain(raw)]
    text = "\n".join(line for line in (" ".join(piece.split()) for piece in pieces) if line)
    unstorable = any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)
    return HELD if unstorable or len(text) > through.text_limit else text


def is_long(raw: RawValue) -> bool:
    return isinstance(raw, int) and raw.bit_length() > MILLION_PLACES.bit_length() * 100


def deals_of(through: Through, *, first_id: int) -> dict[str, tuple[RawValue, Deal]]:
    found = {}
    for number, raw in enumerate(AWKWARD_VALUES):
        external_id = str(first_id + number)
        deal = a_deal(external_id=external_id, account_id=external_id, deal_currency_code="USD")
        fields: dict[SourceObject, dict[str, Any]] = {
            place: dict(values) for place, values in deal.fields.items()
        }
        fields.setdefault(through.rule.source_object, {})[through.rule.source_field] = raw
        found[external_id] = (raw, replace(deal, fields=fields))
    return found


def read_all(connection: Connection, *, rules: Sequence[FieldRule], deals: Sequence[Deal]) -> None:
    """One page of a real run, with a mapping that reads the fields."""
    run = runs.claim(connection=connection, trigger=RunTrigger.COMMAND, actor=None)
    fixed = [rule for rule in HUBSPOT_RULES if rule.target not in {one.target for one in rules}]
    sight = Sight(
        connection=connection,
        rules=MappingRules(version=1, rules=[*fixed, *rules]),
        settings=settings_of(connection),
        as_of=TODAY,
        forced=False,
        writer=write_deals,
    )
    page = DealPage(deals=deals, cursor=Cursor(modified_at=deals[-1].modified_at, external_id="9"))
    sync_page(run=run, page=page, sight=sight, api_calls=1)


def stored(contract: Contract, through: Through) -> object:
    home: Contract | Customer = contract
    name = through.column
    if name.startswith("customer."):
        home, name = contract.customer, name.removeprefix("customer.")
    value = getattr(home, name)
    return value.get(through.rule.custom_label) if name == "custom_fields" else value


@pytest.mark.parametrize("through", FIELDS, ids=lambda through: through.rule.key)
def test_every_value_through_every_field(hubspot: Connection, through: Through) -> None:
    sent = deals_of(through, first_id=10_000)

    read_all(hubspot, rules=[through.rule], deals=[deal for _, deal in sent.values()])

    contracts = {
        deal.external_id: deal.contract
        for deal in CrmDeal.objects.select_related("contract__customer").exclude(contract=None)
    }
    holds = {hold.crm_deal.external_id: hold for hold in Hold.objects.open().select_related("crm_deal")}
    for external_id, (raw, _) in sent.items():
        wanted = expected(through, raw)
        if wanted is HELD:
            hold = holds[external_id]
            assert [problem["field"] for problem in hold.problems] == [through.rule.label], repr(raw)[:80]
            assert all(
                problem["sentence"].startswith(f"{through.rule.label} ") and len(problem["sentence"]) < 400
                for problem in hold.problems
            )
            assert external_id not in contracts
        else:
            assert external_id in contracts, (repr(raw)[:80], holds[external_id].problems)
            assert stored(contracts[external_id], through) == wanted, repr(raw)[:80]
            assert external_id not in holds
    assert len(contracts) + len(holds) == len(sent)
