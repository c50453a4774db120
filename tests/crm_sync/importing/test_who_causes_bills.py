"""What somebody decides who does not decide what is billed waits for Finance before its first invoice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Invoice
from contracts.approving import stamp
from contracts.enums import BillingCycle
from contracts.models import Contract
from crm_sync.enums import HoldCode
from crm_sync.importing import reapplying
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, Hold, MappingVersion
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.billing.people import person
from tests.crm_sync.conftest import Run
from tests.crm_sync.mapping.mapping_form import entered
from tests.crm_sync.sales import TODAY, sell

pytestmark = pytest.mark.django_db

ROLES = ("Support", "Finance")
STATES = {"Support": ("awaiting_approval", 0), "Finance": ("active", 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A connection, its CRM, and a person with a browser."""

    connection: Connection
    org: Org
    run: Run
    actor: User
    browser: Client

    def post(self, path: str, **data: Any) -> None:
        answer = self.browser.post(path, data)
        assert answer.status_code == 302, answer.status_code

    def hold(self) -> Hold:
        return Hold.objects.open().get()

    def cure(self, path: str, **data: Any) -> None:
        self.run(self.connection)
        self.post(f"/holds/{self.hold().pk}/{path}/", **data)
        self.run(self.connection)

    def cure_group(self, path: str, *, code: HoldCode, key: str, raw: str = "", **data: Any) -> None:
        self.run(self.connection)
        named = {"connection": self.connection.pk, "code": code.value, "key": key, "raw": raw}
        self.post(f"/holds/group/{path}/", **named, **data)
        self.run(self.connection)


def enter(bench: Bench) -> None:
    sell(bench.org, Amount=None)
    bench.cure("enter", key="contract_value", value="999999", reason="x")


def translate(bench: Bench) -> None:
    sell(bench.org, Billing_Frequency__c="Whenever")
    bench.cure_group(
        "translate", code=HoldCode.FREQUENCY_UNKNOWN, key="billing_cycle", raw="Whenever", value="quarterly"
    )


def set_default(bench: Bench) -> None:
    sell(bench.org, Billing_Frequency__c=None)
    bench.cure_group("default", code=HoldCode.FREQUENCY_MISSING, key="billing_cycle", value="quarterly")


def accept_duplicate(bench: Bench) -> None:
    account = bench.org.add_account("Acme")
    sell(bench.org, account=account)
    bench.run(bench.connection)
    Contract.objects.update(state="suspended")  # out of the way: the copy counts here
    sell(bench.org, account=account)
    bench.cure("accept")


def replay_dismissed(bench: Bench) -> None:
    sell(bench.org, Amount=None)
    bench.run(bench.connection)
    dismissed = bench.hold()
    bench.post(f"/holds/{dismissed.pk}/dismiss/", reason="A test deal.")
    deal = CrmDeal.objects.get()
    bench.org.edit(deal.external_id, Amount=500)
    bench.post(f"/holds/{dismissed.pk}/replay/")
    bench.run(bench.connection, external_ids=[deal.external_id])


def take_back(bench: Bench) -> None:
    sell(bench.org)
    CrmDeal.objects.all().delete()
    bench.run(bench.connection)
    entry = {"value": "10", "reason": "x", "by": "fiona", "at": "2026-11-20T12:00:00+00:00"}
    CrmDeal.objects.update(overrides={"contract_value": entry}, fingerprint="")
    bench.run(bench.connection)
    bench.post(f"/deals/{CrmDeal.objects.get().pk}/take-back/", key="contract_value")
    bench.run(bench.connection)


def change_mapping(bench: Bench) -> None:
    sell(bench.org)
    bench.run(bench.connection)
    rules = current_rules(connection=bench.connection)
    tables = {"billing_cycle": {"Quarterly": BillingCycle.ANNUAL.value}}
    save_mapping(connection=bench.connection, rules=rules.rules, translations=tables, actor=bench.actor)
    reapplying.mark(bench.connection)
    bench.run(bench.connection)


WAYS: list[Callable[[Bench], None]] = [
    enter,
    translate,
    set_default,
    accept_duplicate,
    replay_dismissed,
    take_back,
    change_mapping,
]


@pytest.fixture(params=ROLES)
def bench(request: pytest.FixtureRequest, salesforce: Connection, org: Org, run: Run) -> Bench:
    actor = person("somebody", group=request.param)
    browser = Client()
    browser.force_login(actor)
    return Bench(connection=salesforce, org=org, run=run, actor=actor, browser=browser)


def bill() -> int:
    ensure_legal_entity()
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return Invoice.objects.exclude(state="draft").count()


def role_of(user: User) -> str:
    return user.groups.get().name


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_role_that_does_not_bill_causes_no_bill(bench: Bench, way: Callable[[Bench], None]) -> None:
    way(bench)
    made = Contract.objects.latest("pk")

    assert (made.state, bill()) == STATES[role_of(bench.actor)]
    if made.state == "awaiting_approval":
        boss = Client()
        boss.force_login(person("fiona", group="Finance"))
        boss.post(f"/contracts/{made.pk}/approve/", {"seen": stamp(made), "stamp": stamp(made)})
        made.refresh_from_db()
        assert (made.state, bill()) == ("active", 1)
        bench.run(bench.connection)
        made.refresh_from_db()
        assert made.state == "active"  # the yes is not asked for again


def test_a_free_contract_that_support_accepted_waits(bench: Bench) -> None:
    sell(bench.org, Amount=0)
    bench.cure("free")

    state = STATES[role_of(bench.actor)][0]
    assert (Contract.objects.get().state, bill()) == (state, 0)


def test_only_deals_that_the_unagreed_mapping_concerns_wait(bench: Bench) -> None:
    translate(bench)
    sell(bench.org, Name="Another", Amount=700)
    bench.run(bench.connection)
    sell(bench.org, Name="A third", Amount=800, Billing_Frequency__c="Whenever")
    bench.run(bench.connection)

    waits = STATES[role_of(bench.actor)][0]
    assert list(Contract.objects.order_by("pk").values_list("state", flat=True)) == [waits, "active", waits]


def test_finance_agrees_by_saving_the_mapping(salesforce: Connection, org: Org, run: Run) -> None:
    support, finance = person("sue", group="Support"), person("fiona", group="Finance")
    rules = current_rules(connection=salesforce).rules
    table = {"billing_cycle": {"Whenever": BillingCycle.QUARTERLY.value}}

    version = save_mapping(connection=salesforce, rules=rules, translations=table, actor=support)
    before = MappingVersion.objects.get(pk=version.pk).is_agreed if version else None
    again = save_mapping(connection=salesforce, rules=rules, translations=table, actor=finance)
    sell(org, Billing_Frequency__c="Whenever")
    run(salesforce)

    assert (before, again) == (False, None)
    assert Contract.objects.get().state == "active"


SETTINGS = [
    ("settings", {"amount_means": "monthly", "import_from": "2020-01-01"}),
    ("stage", {"name": "Signed"}),
    ("leavers/keep", {}),
    ("backfill/confirm", {}),
    ("backfill/preview", {"import_from": "2020-01-01"}),
]


@pytest.mark.parametrize("role", ["Operator", "Support"])
@pytest.mark.parametrize(("path", "data"), SETTINGS, ids=lambda one: one if isinstance(one, str) else "")
def test_what_is_billed_is_set_by_finance_alone(
    salesforce: Connection, role: str, path: str, data: dict[str, str]
) -> None:
    browser = Client()
    browser.force_login(person("somebody", group=role))
    before = Connection.objects.filter(pk=salesforce.pk).values().get()

    answer = browser.post(f"/settings/crm/{salesforce.pk}/{path}/", data)

    assert answer.status_code == 403
    assert Connection.objects.filter(pk=salesforce.pk).values().get() == before


def test_support_does_not_change_what_amounts_mean_with_the_mapping(salesforce: Connection) -> None:
    browser = Client()
    browser.force_login(person("sue", group="Support"))

    browser.post(f"/settings/mapping/{salesforce.pk}/", entered(amount_means="monthly"))

    salesforce.refresh_from_db()
    assert salesforce.amount_means == "total"


def test_mode_is_not_changed_in_the_admin_by_an_operator(salesforce: Connection) -> None:
    operator = person("otto", group="Operator")
    User.objects.filter(pk=operator.pk).update(is_staff=True)
    browser = Client()
    browser.force_login(operator)

    browser.post(f"/admin/crm_sync/connection/{salesforce.pk}/change/", {"mode": "review"})

    salesforce.refresh_from_db()
    assert salesforce.mode == "live"
