"""Whatever a hold's page offers, pressed with a fitting value, ends the hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from crm_sync.connections.settings import save_settings
from crm_sync.enums import DealState, HoldCode, SourceObject, Target
from crm_sync.mapping.problems import Cure
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, Hold
from crm_sync.views.holds.cures import ShownCure
from demo.hubspot.portal import Portal
from tests.crm_sync.conftest import Run
from tests.crm_sync.mapping.mapping_form import address, parse
from tests.crm_sync.sales import sell_in_hubspot
from tests.pages import words

ROWS = [target for target in Target if target is not Target.CUSTOM]
"""The rows of the Field Mapping page, in their order."""
LONG = "P" * 101


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A deal that is held for `code`. `value` is what a person would enter; `offers` what the page offers."""

    code: HoldCode
    key: str
    offers: tuple[Cure, ...]
    value: str = ""
    deal: Mapping[str, str | None] = field(default_factory=dict)
    rule: FieldRule | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}-{next(iter(self.deal.values()), '')}"[:40]


ENTERED = (Cure.ENTER, Cure.MAPPING)
PO = FieldRule(target=Target.PO_NUMBER, source_field="description")
VALUE, TERM, CYCLE = "contract_value", "duration", "billing_cycle"
CASES = [
    Case(code=HoldCode.AMOUNT_MISSING, key=VALUE, value="1200", offers=ENTERED, deal={"amount": None}),
    Case(
        code=HoldCode.AMOUNT_NOT_POSITIVE,
        key=VALUE,
        value="1200",
        offers=(Cure.FREE, *ENTERED),
        deal={"amount": "0"},
    ),
    Case(
        code=HoldCode.AMOUNT_NOT_POSITIVE,
        key=VALUE,
        value="1200",
        offers=(Cure.DOWNGRADE, *ENTERED),
        deal={"amount": "-5"},
    ),
    Case(code=HoldCode.AMOUNT_UNREADABLE, key=VALUE, value="1200", offers=ENTERED, deal={"amount": "a lot"}),
    Case(code=HoldCode.AMOUNT_PRECISION, key=VALUE, value="1.23", offers=ENTERED, deal={"amount": "1.234"}),
    Case(code=HoldCode.OVER_LIMIT, key=VALUE, value="1200", offers=ENTERED, deal={"amount": "9" * 18}),
    Case(
        code=HoldCode.TERM_MISSING,
        key=TERM,
        value="12",
        offers=(Cure.DEFAULT, *ENTERED),
        deal={"contract_term_months": None},
    ),
    Case(
        code=HoldCode.TERM_UNREADABLE,
        key=TERM,
        value="12",
        offers=(Cure.TRANSLATE, *ENTERED),
        deal={"contract_term_months": "P52W"},
    ),
    Case(
        code=HoldCode.TERM_UNREADABLE,
        key=TERM,
        value="600",
        offers=(Cure.TRANSLATE, *ENTERED),
        deal={"contract_term_months": "600"},
    ),
    Case(
        code=HoldCode.FREQUENCY_MISSING,
        key=CYCLE,
        value="monthly",
        offers=(Cure.DEFAULT, *ENTERED),
        deal={"billing_frequency": None},
    ),
    *(
        Case(
            code=HoldCode.FREQUENCY_UNKNOWN,
            key=CYCLE,
            value="annual in_arrears",
            offers=(Cure.TRANSLATE, *ENTERED),
            deal={"billing_frequency": words},
        )
        for words in ("Bi-annual", "Annual, net 60", "Monthly / Annual", "Jahr nachher", "never in advance")
    ),
    *(
        Case(
            code=HoldCode.FREQUENCY_UNKNOWN,
            key=CYCLE,
            value="monthly",
            offers=ENTERED,
            deal={"billing_frequency": words},
        )
        for words in ("Weekly", "per_two_years", "28 Days", "TBD")
    ),
    Case(
        code=HoldCode.FREQUENCY_UNKNOWN,
        key="billing_timing",
        value="in_arrears",
        offers=ENTERED,
        deal={"billing_frequency": "Monthly in advance", "description": "In arrears"},
        rule=FieldRule(target=Target.BILLING_TIMING, source_field="description"),
    ),
    Case(
        code=HoldCode.FREQUENCY_UNKNOWN,
        key="billing_timing",
        value="in_arrears",
        offers=(Cure.TRANSLATE, *ENTERED),
        deal={"description": "When the moon is full"},
        rule=FieldRule(target=Target.BILLING_TIMING, source_field="description"),
    ),
    Case(
        code=HoldCode.SCHEDULE_IMPOSSIBLE,
        key=CYCLE,
        value="one_time",
        offers=ENTERED,
        deal={"amount": "0.05", "billing_frequency": "monthly"},
    ),
    Case(
        code=HoldCode.CUSTOMER_NAME_MISSING,
        key="customer_name",
        value="Acme",
        offers=ENTERED,
        rule=FieldRule(
            target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="description"
        ),
    ),
    Case(
        code=HoldCode.CURRENCY_UNKNOWN,
        key="currency",
        value="USD",
        offers=(Cure.TRANSLATE, *ENTERED),
        deal={"description": "Dollars"},
        rule=FieldRule(target=Target.CURRENCY, source_field="description"),
    ),
    Case(
        code=HoldCode.CURRENCY_UNKNOWN,
        key="currency",
        value="USD",
        offers=(Cure.DEFAULT, *ENTERED),
        deal={"description": None},
        rule=FieldRule(target=Target.CURRENCY, source_field="description"),
        settings={"default_currency": ""},
    ),
    Case(
        code=HoldCode.DATE_MISSING,
        key="start_date",
        value="2026-11-22",
        offers=(Cure.DEFAULT, *ENTERED),
        rule=FieldRule(target=Target.START_DATE, source_field="description"),
    ),
    Case(
        code=HoldCode.DATE_OUT_OF_RANGE,
        key="start_date",
        value="2026-11-22",
        offers=ENTERED,
        deal={"description": "1066-10-14"},
        rule=FieldRule(target=Target.START_DATE, source_field="description"),
    ),
    Case(
        code=HoldCode.COUNTRY_UNKNOWN,
        key="country",
        value="DE",
        offers=(Cure.TRANSLATE, *ENTERED),
        deal={"description": "Doitschland"},
        rule=FieldRule(target=Target.COUNTRY, source_field="description"),
    ),
    Case(
        code=HoldCode.TEXT_INVALID,
        key="po_number",
        value="PO-7",
        offers=(Cure.TRANSLATE, *ENTERED),
        deal={"description": LONG},
        rule=PO,
    ),
    Case(
        code=HoldCode.TEXT_INVALID,
        key="po_number",
        value="PO-7",
        offers=(Cure.DEFAULT, *ENTERED),
        rule=FieldRule(target=Target.PO_NUMBER, source_field="description", is_required=True),
    ),
    Case(code=HoldCode.DUPLICATE_SUSPECT, key="", offers=(Cure.ANYWAY,)),
]
CRM_ALONE = {
    *(HoldCode.NO_ACCOUNT, HoldCode.STAGE_CONFLICT, HoldCode.MERGED_DEALS, HoldCode.WRITE_FAILED),
    HoldCode.RECORD_UNREADABLE,
}
"""Cured in the CRM, on the connection's page, by a person's comparison, or automatically; each has tests of its own."""


def test_every_code_is_pressed_or_cured_elsewhere() -> None:
    assert {case.code for case in CASES} | CRM_ALONE == set(HoldCode)


@pytest.fixture
def browser(finance: User) -> Client:
    finance.user_permissions.set(Permission.objects.filter(content_type__app_label="crm_sync"))
    client = Client()
    client.force_login(finance)
    return client


def with_rule(connection: Connection, rule: FieldRule) -> None:
    rules = [one for one in current_rules(connection=connection).rules if one.key != rule.key]
    save_mapping(connection=connection, rules=[*rules, rule], translations={}, actor=None)


def held(
    cases: Sequence[Case], *, connection: Connection, portal: Portal, run: Run
) -> list[tuple[Case, Hold]]:
    """One hold for each case. All of them read the same fields with the same settings."""
    if rule := cases[0].rule:
        with_rule(connection, rule)
    save_settings(connection=connection, changes=cases[0].settings, actor=None)
    connection.refresh_from_db()
    found = []
    for number, case in enumerate(cases):
        company = portal.add_company(name=f"Customer {number}")
        if case.code is HoldCode.DUPLICATE_SUSPECT:
            sell_in_hubspot(portal, company_id=company)
            run(connection)
        found.append((case, sell_in_hubspot(portal, company_id=company, **case.deal)))
    run(connection)
    return [(case, Hold.objects.get(crm_deal__external_id=deal)) for case, deal in found]


def offered(browser: Client, hold: Hold) -> tuple[str, list[ShownCure]]:
    """The words of a hold's page, and its buttons."""
    page = browser.get(f"/holds/{hold.pk}/")
    [(problem, cures)] = page.context["problems"]
    assert len(problem.cures) == len(cures)  # this person may press all of them
    return words(page.text), cures


def press(browser: Client, cure: ShownCure, *, case: Case, connection: Connection) -> None:
    if not cure.action:
        browser.get(cure.url)
        form = parse(
            browser.get(address(connection)).text.partition('id="mapping"')[2].partition("</form>")[0]
        )
        place = ROWS.index(Target(case.key))
        form |= {f"field-{place}-source": "", f"field-{place}-default_value": case.value}
        browser.post(address(connection), form, follow=True)
        return
    sent = {"value": case.value, "reason": "By phone."} | (dict(cure.form.initial) if cure.form else {})
    answer = browser.post(cure.action, sent, follow=True)
    assert "alert tone-bad" not in answer.text, words(answer.text)


def worlds() -> Iterator[tuple[str, list[Case]]]:
    """Cases that one mapping and one set of settings can hold side by side."""
    by_world: dict[str, list[Case]] = {}
    for case in CASES:
        by_world.setdefault(f"{case.rule}{case.settings}", []).append(case)
    for cases in by_world.values():
        key = cases[0].rule.key if cases[0].rule else "usual"
        yield f"{key} {cases[0].code}", cases


PRESSED = [
    pytest.param(cure, [case for case in cases if cure in case.offers], id=f"{name} {cure}")
    for name, cases in worlds()
    for cure in Cure
    if any(cure in case.offers for case in cases)
]


@pytest.mark.parametrize(("cure", "cases"), PRESSED)
def test_an_offered_cure_cures(
    hubspot: Connection, portal: Portal, run: Run, browser: Client, cure: Cure, cases: Sequence[Case]
) -> None:
    holds = held(cases, connection=hubspot, portal=portal, run=run)
    for case, hold in holds:
        [problem] = hold.problems
        assert (problem["code"], problem["key"] or case.key) == (case.code, case.key)
        shown, cures = offered(browser, hold)
        assert len(cures) == len(case.offers)
        assert problem["cure"] in shown
        press(browser, cures[case.offers.index(cure)], case=case, connection=hubspot)
    run(hubspot)

    open_now = {str(case) for case, hold in holds if Hold.objects.open().filter(pk=hold.pk).exists()}
    states = {CrmDeal.objects.get(pk=hold.crm_deal_id).state for _, hold in holds}
    assert (open_now, states) == (
        set(),
        {DealState.DISMISSED if cure is Cure.DOWNGRADE else DealState.IMPORTED},
    )


@pytest.mark.parametrize("words_of_crm", ["Weekly", "28 Days"])
def test_a_cure_that_is_not_offered_is_refused(
    hubspot: Connection, portal: Portal, run: Run, browser: Client, words_of_crm: str
) -> None:
    sell_in_hubspot(portal, billing_frequency=words_of_crm)
    run(hubspot)
    name = {
        "connection": hubspot.pk,
        "code": "FREQUENCY_UNKNOWN",
        "key": "billing_cycle",
        "raw": words_of_crm,
        "value": "monthly",
    }

    page = browser.post("/holds/group/translate/", name, follow=True)

    assert "This would not cure these deals. Choose one of the cures on this page." in words(page.text)
    assert current_rules(connection=hubspot).translations == {}


def test_an_amount_has_no_default(hubspot: Connection, portal: Portal, run: Run, browser: Client) -> None:
    sell_in_hubspot(portal, amount=None)
    run(hubspot)
    name = {"connection": hubspot.pk, "code": "AMOUNT_MISSING", "key": "contract_value", "raw": ""}

    browser.post("/holds/group/default/", name | {"value": "1200"}, follow=True)

    assert {rule.default_value for rule in current_rules(connection=hubspot).rules} == {""}
