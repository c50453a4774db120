"""Lists beside the deals: one entry that cannot be read stops nothing and suspends nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from contracts.models import Contract
from crm_sync.enums import RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmSchema
from crm_sync.sync import sync
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.bad_answers.spoiling import spoil, told_of
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.request_log import A_SECOND
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.tampering import Body, Tampering
from tests.crm_sync.told import told_by


@pytest.mark.parametrize("value", [None, "x", {"id": None}])
def test_companies_of_an_unnamed_deal(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run, value: Any
) -> None:
    """An entry does not say whose companies it lists: the deal that no entry speaks of is held."""
    company = portal.add_company(name="Acme")
    deals = [sell_in_hubspot(portal, company_id=company, amount=str(100 + n)) for n in range(3)]
    clock.move(A_SECOND)

    def spoilt(body: Body) -> None:
        for result in body["results"]:
            if result["from"]["id"] == deals[1]:
                result["from"] = value

    tampering.changes = [("associations", spoilt)]

    done = run(hubspot)

    assert (done.state, Contract.objects.count(), told_of(done, deals[1])) == ("done", 2, True)


@pytest.mark.parametrize("call", ["deals/batch/read", "2026-09/companies/batch/read", "associations"])
def test_record_that_is_refused_by_itself(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run, call: str
) -> None:
    """Part of an answer that is no failure as a whole."""
    companies = [portal.add_company(name=name) for name in ("Acme", "Beta", "Gamma")]
    deals = [sell_in_hubspot(portal, company_id=company) for company in companies]
    refused = companies[1] if "companies" in call else deals[1]
    clock.move(A_SECOND)

    def spoilt(body: Body) -> None:
        whose = "fromObjectId" if call == "associations" else "ids"
        body["results"] = [
            one for one in body["results"] if refused not in (one.get("id"), one.get("from", {}).get("id"))
        ]
        body["errors"] = [{"category": "VALIDATION_ERROR", "context": {whose: [refused]}}]

    tampering.changes = [(call, spoilt)]

    done = run(hubspot)

    assert (done.state, Contract.objects.count(), told_of(done, deals[1])) == ("done", 2, True)


def test_two_primary_companies_are_one_too_many(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run
) -> None:
    other = int(portal.add_company(name="Other"))
    deal = sell_in_hubspot(portal)
    clock.move(A_SECOND)

    def spoilt(body: Body) -> None:
        links = body["results"][0].get("to", ())
        links += [link | {"toObjectId": other} for link in links]

    tampering.changes = [("associations", spoilt)]

    assert told_of(run(hubspot), deal)
    assert not Contract.objects.exists()


@pytest.mark.parametrize("name", ["id", "email"])
@pytest.mark.parametrize("value", [None, "x"])
def test_owner_record_that_cannot_be_read(
    hubspot: Connection,
    portal: Portal,
    clock: StandingClock,
    tampering: Tampering,
    run: Run,
    name: str,
    value: Any,
) -> None:
    owners = [portal.add_owner(email=f"{one}@acme.example") for one in ("ada", "bob")]
    for owner in owners:
        sell_in_hubspot(portal, hubspot_owner_id=owner)
    clock.move(A_SECOND)
    change = spoil(row=lambda record: record["id"] == owners[0], path=(name,), value=value, rows="results")
    tampering.changes = [("GET /crm/owners/2026-09", change)]

    done = run(hubspot)

    assert (done.state, Contract.objects.count()) == ("done", 2)
    assert Contract.objects.filter(account_manager_email="bob@acme.example").count() == 1
    assert any("without an id" in sentence for sentence in told_by(done)) is (name == "id")


STAGE_SPOILERS: dict[str, Callable[[Body, Body], object]] = {
    "no label": lambda pipeline, stage: stage.pop("label"),
    "label null": lambda pipeline, stage: stage.update(label=None),
    "no id": lambda pipeline, stage: stage.pop("id"),
    "metadata": lambda pipeline, stage: stage.update(metadata="x"),
    "no object": lambda pipeline, stage: pipeline["stages"].append("x"),
    "pipeline without label": lambda pipeline, stage: pipeline.pop("label"),
}


@pytest.mark.parametrize("spoiler", STAGE_SPOILERS)
@pytest.mark.parametrize("is_won", [False, True])
def test_stage_that_cannot_be_read(
    hubspot: Connection,
    portal: Portal,
    clock: StandingClock,
    tampering: Tampering,
    run: Run,
    spoiler: str,
    is_won: bool,
) -> None:
    """Another stage than that of the deals is left out; one that was theirs leaves contracts alone."""
    old = sell_in_hubspot(portal)
    clock.move(A_SECOND)
    run(hubspot)
    portal.update_deal(old, amount="1300")
    clock.move(A_SECOND)

    def spoilt(body: Body) -> None:
        pipeline = body["results"][0]
        stage = next(one for one in pipeline["stages"] if (one["label"] == "Closed Won") is is_won)
        STAGE_SPOILERS[spoiler](pipeline, stage)

    tampering.changes = [("GET /crm/pipelines", spoilt)]

    done = run(hubspot)

    spoils_it = is_won and spoiler not in ("no object", "pipeline without label")
    assert (done.state, Contract.objects.get().state) == ("done", "active")
    assert Contract.objects.get().value_minor == (120_000 if spoils_it else 130_000)
    assert told_of(done, old) is spoils_it


@pytest.mark.parametrize("trigger", [RunTrigger.SWEEP, RunTrigger.CHECK])
@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_unreadable_stage_is_no_reason_to_suspend(
    request: pytest.FixtureRequest,
    org: Org,
    portal: Portal,
    clock: StandingClock,
    tampering: Tampering,
    run: Run,
    crm: str,
    trigger: RunTrigger,
) -> None:
    connection = request.getfixturevalue(crm)
    deal = sell(org) if crm == "salesforce" else sell_in_hubspot(portal)
    clock.move(A_SECOND)
    run(connection)

    def spoilt(body: Body) -> None:
        for record in [*body.get("records", ()), *body.get("results", ())]:
            if "StageName" in record:
                record["StageName"] = []
            if "dealstage" in record.get("properties", ()):
                record["properties"]["dealstage"] = []

    tampering.changes = [("", spoilt)]
    connection.refresh_from_db()

    done = sync(connection=connection, order=Order(trigger=trigger, as_of=TODAY))

    assert (done.state, told_of(done, deal), Contract.objects.get().state) == ("done", True, "active")


@pytest.mark.parametrize("name", ["Id", "MasterRecordId"])
def test_row_of_a_sweep_that_cannot_be_read(
    salesforce: Connection, org: Org, tampering: Tampering, run: Run, name: str
) -> None:
    deals = [sell(org) for _ in range(3)]
    run(salesforce)

    def spoilt(body: Body) -> None:
        row = body["records"][0] if body["records"] else {}
        if name in row and "Name" not in row:
            row.update({name: "x", "attributes": None})

    tampering.changes = [("/query", spoilt)]
    salesforce.refresh_from_db()

    done = sync(connection=salesforce, order=Order(trigger=RunTrigger.SWEEP, as_of=TODAY))

    assert (done.state, done.error) == ("done", "")
    assert list(Contract.objects.values_list("state", flat=True)) == ["active"] * len(deals)


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_description_of_one_field_that_cannot_be_read(
    request: pytest.FixtureRequest, tampering: Tampering, run: Run, crm: str
) -> None:
    connection = request.getfixturevalue(crm)
    known = len(CrmSchema.objects.get().fields)
    CrmSchema.objects.update(stages_checked_at=Now() - timedelta(days=2))

    def spoilt(body: Body) -> None:
        listed = body.get("fields") or [one for one in body.get("results", ()) if "fieldType" in one]
        for number, field in enumerate(listed[:3]):
            field.pop(("name", "label", "type")[number])

    tampering.changes = [("", spoilt)]

    assert run(connection).state == "done"
    schema = CrmSchema.objects.get()
    assert 0 < known - len(schema.fields) <= 3
    assert CrmSchema.objects.filter(fetched_at__gt=Now() - timedelta(hours=1)).exists()
