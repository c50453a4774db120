"""A refusal of the database is a deal's fault only when its SQLSTATE says so (F21)."""

import logging
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db.models import F

from billing.models import BillingWait
from contracts import transactions
from contracts.models import Contract
from crm_sync.importing.fetching import deals_to_ask_for
from crm_sync.importing.rereading import read_everything
from crm_sync.models import Alert, Connection, CrmDeal, Hold, SyncRun
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell
from tests.refusals import DEAL, INSTALLATION, PASSING, WHOSE_FAULT, refusing

pytestmark = pytest.mark.django_db

DEALS = 100
ONE = "NEW.name = 'Poison'"
ALL = "true"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions.time, "sleep", lambda seconds: None)


@pytest.fixture
def hundred(salesforce: Connection, org: Org) -> Connection:
    org.add_won_deals(DEALS - 1)
    sell(org, Name="Poison")
    return salesforce


def alerts() -> list[str]:
    return list(Alert.objects.exclude(kind="held").order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize("sqlstate", [state for state, whose in WHOSE_FAULT.items() if whose == DEAL])
@pytest.mark.parametrize(("when", "held", "told"), [(ONE, 1, ["asks"]), (ALL, DEALS, ["refused"])])
def test_refused_deals_are_held_and_the_others_land(
    hundred: Connection,
    run: Run,
    caplog: pytest.LogCaptureFixture,
    sqlstate: str,
    when: str,
    held: int,
    told: list[str],
) -> None:
    with refusing("contracts_contract", sqlstate=sqlstate, when=when):
        done = run(hundred)

    assert (done.state, done.created, done.held) == ("done", DEALS - held, held)
    assert set(Hold.objects.open().values_list("code", flat=True)) == {"WRITE_FAILED"}
    assert alerts() == told
    assert BillingWait.objects.count() == done.created  # so many at once wait for a person's answer
    assert f"SQLSTATE {sqlstate} (record), table contracts_contract" in caplog.text
    assert "secret" not in caplog.text
    assert (
        len([line for line in caplog.records if line.levelno >= logging.ERROR]) <= 4
    )  # not one for each deal


@pytest.mark.parametrize("sqlstate", [state for state, whose in WHOSE_FAULT.items() if whose == INSTALLATION])
@pytest.mark.parametrize("when", [ONE, ALL])
def test_a_fault_of_the_installation_fails_the_run_and_holds_nothing(
    hundred: Connection, run: Run, caplog: pytest.LogCaptureFixture, sqlstate: str, when: str
) -> None:
    with refusing("contracts_contract", sqlstate=sqlstate, when=when):
        failed = run(hundred)

    assert (failed.state, failed.error_kind, failed.created, failed.held) == ("failed", "config", 0, 0)
    assert not Hold.objects.exists()
    assert f"SQLSTATE {sqlstate} (" in caplog.text
    assert "busy" not in failed.error
    assert "secret" not in caplog.text + failed.error
    hundred.refresh_from_db()
    assert (hundred.state, hundred.state_reason, alerts()) == ("degraded", failed.error, ["database"])

    done = run(hundred)

    assert (done.state, done.created, Contract.objects.count()) == ("done", DEALS, DEALS)
    hundred.refresh_from_db()
    assert (hundred.state, alerts()) == ("connected", ["database", "asks", "recovered"])


@pytest.mark.parametrize("sqlstate", [state for state, whose in WHOSE_FAULT.items() if whose == PASSING])
@pytest.mark.parametrize("when", [ONE, ALL])
def test_what_passes_is_transient(
    hundred: Connection, run: Run, caplog: pytest.LogCaptureFixture, sqlstate: str, when: str
) -> None:
    with refusing("contracts_contract", sqlstate=sqlstate, when=when):
        failed = run(hundred)

    assert (failed.state, failed.error_kind, failed.created) == ("failed", "transient", 0)
    assert not Hold.objects.exists()
    assert f"SQLSTATE {sqlstate} (" in caplog.text
    assert run(hundred).created == DEALS


@pytest.mark.parametrize(
    ("sqlstate", "tries"),
    [
        ("40001", transactions.ATTEMPTS),
        ("40P01", transactions.ATTEMPTS),
        ("55P03", transactions.ATTEMPTS),
        ("57014", 1),
        ("53300", 1),
    ],
)
def test_what_may_work_at_once_is_tried_again(
    salesforce: Connection, org: Org, run: Run, sqlstate: str, tries: int
) -> None:
    sell(org)
    with database.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE tries_by_test")
    with refusing("contracts_contract", sqlstate=sqlstate, when="nextval('tries_by_test') > 0"):
        run(salesforce)

    with database.cursor() as cursor:
        cursor.execute("SELECT last_value FROM tries_by_test")
        assert cursor.fetchone() == (tries,)


@pytest.mark.parametrize("how", ["poll", "full", "upgrade"])
def test_refused_deal_is_read_again_by_itself(salesforce: Connection, org: Org, run: Run, how: str) -> None:
    sell(org, Name="Poison")
    with refusing("contracts_contract", sqlstate="23514", when=ONE):
        run(salesforce)
        for _ in range(3):
            run(salesforce)
    assert Hold.objects.open().count() == 1
    if how == "full":
        read_everything(connection=salesforce, actor=None)
    elif how == "upgrade":
        CrmDeal.objects.update(updated_at=F("updated_at") + timedelta(hours=1))  # not due otherwise
        CrmDeal.objects.ask_again_what_was_refused()

    done = run(salesforce)

    assert (done.created, Hold.objects.open().count(), Contract.objects.count()) == (1, 0, 1)


@pytest.mark.parametrize(
    ("hours_held", "hours_since_try", "due"),
    [(0, 0, True), (2, 0.5, False), (2, 1.1, True), (200, 23, False), (200, 25, True)],
)
def test_refused_deal_is_tried_later_and_later(
    salesforce: Connection, org: Org, run: Run, hours_held: float, hours_since_try: float, due: bool
) -> None:
    deal = sell(org, Name="Poison")
    with refusing("contracts_contract", sqlstate="23514", when=ONE):
        run(salesforce)
    held, since_try = timedelta(hours=hours_held), timedelta(hours=hours_since_try)
    with database.cursor() as cursor:
        cursor.execute("UPDATE crm_sync_hold SET opened_at = now() - %s - %s", [held, since_try])
        cursor.execute("UPDATE crm_sync_crmdeal SET updated_at = now() - %s", [since_try])

    assert deals_to_ask_for(connection=salesforce) == ([deal] if due else [])


def test_refused_change_of_a_contract_is_tried_again(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, Amount=2400)
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE contracts_contract ADD CONSTRAINT by_test CHECK (value_minor < 200000) NOT VALID"
        )
    assert run(salesforce).failed == 1
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE contracts_contract DROP CONSTRAINT by_test")
    CrmDeal.objects.update(updated_at=F("updated_at") - timedelta(hours=2))

    done = run(salesforce)

    assert (done.updated, Contract.objects.get().value_minor) == (1, 240_000)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "table", ["crm_sync_syncrun", "crm_sync_syncrecord", "crm_sync_crmdeal", "contracts_customer"]
)
def test_full_disk_at_any_table_holds_nothing(salesforce: Connection, org: Org, run: Run, table: str) -> None:
    sell(org)
    if table == "crm_sync_syncrun":  # the run itself cannot be noted: its caller is told
        with refusing(table, sqlstate="53100", when=ALL), pytest.raises(Exception, match="A secret value"):
            run(salesforce)
    else:
        with refusing(table, sqlstate="53100", when=ALL):
            assert run(salesforce).error.startswith("The disk of the database is full.")

    assert not Hold.objects.exists()
    assert run(salesforce).created == 1
    assert SyncRun.objects.filter(state="running").count() == 0
