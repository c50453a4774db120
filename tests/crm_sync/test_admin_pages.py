"""The admin of support: what is in it, what can be changed, what is replayed."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from billing.enums import BillingTrigger
from billing.invoicing import invoice_due
from billing.models import LegalEntity
from contracts import audit
from contracts.models import AuditEntry, Workspace
from crm_sync.enums import ConnectionState, HoldCode, Outcome
from crm_sync.models import (
    Authorisation,
    Connection,
    ConnectionCredentials,
    ConnectionLease,
    CrmAccount,
    FieldMapping,
    MappingVersion,
    Translation,
)
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.crm_sync.page_rows import connect, deal, hold, ran, recorded
from tests.crm_sync.stored import row_versions
from tests.pages import words

pytestmark = pytest.mark.django_db
OURS = [
    model for model in admin.site._registry if model._meta.app_label in ("contracts", "billing", "crm_sync")
]
EDITABLE = {"workspace", "legalentity", "connection"}
MACHINE_WRITTEN = [model for model in OURS if model._meta.model_name not in EDITABLE]
BAD = "<script>alert(1)</script>"


@pytest.fixture
def support(db: None) -> Client:
    """Somebody of the group Support, as it is after a migrate."""
    user = User.objects.create_user("sue", is_staff=True)
    user.groups.add(Group.objects.get(name="Support"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def fill(name: str = "Salesforce") -> Connection:
    """At least one row of everything."""
    connection = connect(name)
    (contract,) = sign(Deal())
    ensure_legal_entity()
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    run = ran(connection, created=1, held=1)
    recorded(
        run, deal(connection, "006A", name=BAD, contract=contract), Outcome.CREATED, trace=[{"field": BAD}]
    )
    held = deal(connection, "006B")
    recorded(run, held, Outcome.HELD, code=HoldCode.AMOUNT_MISSING)
    hold(held)
    CrmAccount.objects.create(org=connection.org, external_id=f"001{name}", customer=contract.customer)
    Workspace.objects.get_or_create(pk=1)
    audit.record(actor=None, action="tested", subject=connection)
    return connection


def listing(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def replayed() -> list[tuple[str, list[str]]]:
    """(connection's name, deals) of each replay that was asked for."""
    asked = [task.task["args"] for task in OrmQ.objects.order_by("id")]
    names = dict(Connection.objects.values_list("pk", "name"))
    return [(names[connection_id], sorted(external_ids)) for connection_id, external_ids in asked]


def test_secrets_are_not_in_the_admin() -> None:
    assert not {ConnectionCredentials, Authorisation, ConnectionLease} & set(admin.site._registry)


@pytest.mark.parametrize("model", OURS, ids=str)
def test_lists_and_pages_can_be_opened(root: Client, model: Any) -> None:
    fill()

    rows = root.get(listing(model))
    page = root.get(page_of(model._default_manager.order_by("pk").first()))

    assert (rows.status_code, page.status_code) == (200, 200)
    assert "<script>alert" not in rows.text + page.text


@pytest.mark.parametrize("model", MACHINE_WRITTEN, ids=str)
def test_machine_written_rows_cannot_be_added_changed_or_deleted(root: Client, model: Any) -> None:
    fill()
    row = model._default_manager.order_by("pk").first()
    before = row_versions()

    answers = [
        root.post(page_of(row), {"_save": "Save"}).status_code,
        root.post(page_of(row).replace("change", "delete"), {"post": "yes"}).status_code,
        root.post(listing(model) + "add/", {}).status_code,
        root.post(listing(model), {"action": "delete_selected", "_selected_action": row.pk}).status_code,
    ]

    assert set(answers[:3]) == {403}
    assert row_versions() == before


@pytest.mark.parametrize("model", OURS, ids=str)
def test_list_takes_the_same_queries_for_one_connection_and_for_three(
    root: Client, model: Any, django_assert_num_queries, django_assert_max_num_queries
) -> None:
    fill("First")
    root.get(listing(model))
    with django_assert_max_num_queries(15) as few:
        root.get(listing(model))
    fill("Second")
    fill("Third")

    with django_assert_num_queries(len(few)):
        root.get(listing(model))


@pytest.mark.parametrize("model", OURS, ids=str)
def test_search_takes_anything(root: Client, model: Any) -> None:
    fill()

    for text in ("006A", "x' OR 1=1", "\0", "9" * 40):
        assert root.get(listing(model), {"q": text}).status_code in (200, 302)


def test_links_lead_from_run_to_record_to_deal_to_contract_to_invoice(support: Client) -> None:
    connection = fill()
    run = connection.sync_runs.get()
    record = run.records.get(outcome=Outcome.CREATED)
    sold = record.crm_deal
    contract = sold.contract
    assert contract is not None

    trail = [
        (page_of(run), f"/admin/crm_sync/syncrecord/?run__id__exact={run.pk}"),
        (f"/admin/crm_sync/syncrecord/?run__id__exact={run.pk}", page_of(sold)),
        (page_of(record), page_of(run)),
        (page_of(record), page_of(contract)),
        (page_of(sold), page_of(contract)),
        (page_of(contract), f"/admin/billing/invoice/?contract__id__exact={contract.pk}"),
        (f"/admin/billing/invoice/?contract__id__exact={contract.pk}", page_of(contract.invoices.get())),
        (page_of(contract.invoices.get()), page_of(contract)),
        (page_of(contract), f"/admin/crm_sync/crmdeal/?contract__id__exact={contract.pk}"),
        (f"/admin/crm_sync/crmdeal/?contract__id__exact={contract.pk}", page_of(sold)),
    ]

    missing = [(page, link) for page, link in trail if f'href="{link}' not in support.get(page).text]
    assert missing == []


def test_json_is_indented_and_money_is_written_out(support: Client) -> None:
    connection = fill()
    invoice = connection.deals.get(external_id="006A").contract.invoices.get()

    page = support.get(page_of(invoice)).text

    assert "<pre>{\n  &quot;" in page
    assert "USD 100.00" in page


def test_no_secret_is_on_the_page_of_a_connection(support: Client) -> None:
    connection = connect()
    kept = ConnectionCredentials(connection=connection, access_token="an-access-token")
    kept.save()

    assert "an-access-token" not in support.get(page_of(connection)).text


def inlines(connection: Connection, **changes: str) -> dict[str, str]:
    """The form of a connection's page as it is drawn, with the named fields changed."""
    form: dict[str, str] = {}
    for prefix, rows in (
        ("field_mappings", list(connection.field_mappings.order_by("pk"))),
        ("translations", list(connection.translations.order_by("pk"))),
    ):
        form |= {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": str(len(rows))}
        for number, row in enumerate(rows):
            form |= {
                f"{prefix}-{number}-id": str(row.pk),
                f"{prefix}-{number}-connection": str(connection.pk),
            }
            names = COLUMNS if prefix == "field_mappings" else ("raw_value", "billing_cycle")
            form |= {f"{prefix}-{number}-{name}": getattr(row, name) for name in names}
    return form | changes


COLUMNS = (
    "target",
    "custom_label",
    "custom_home",
    "source_object",
    "source_field",
    "default_value",
)


def test_support_mends_a_mapping_and_a_version_is_made(support: Client) -> None:
    connection = connect(cursor_external_id="006A")
    deal(connection)
    Translation.objects.create(connection=connection, raw_value="Yearly", billing_cycle="annual")

    page = support.post(
        page_of(connection),
        inlines(
            connection,
            **{"field_mappings-1-source_field": "Total__c", "translations-0-billing_cycle": "monthly"},
        ),
        follow=True,
    )

    connection.refresh_from_db()
    version = connection.mapping_version
    assert version is not None
    assert (version.number, version.author.get_username()) == (2, "sue")
    assert version.snapshot["translations"] == {"yearly": "monthly"}
    assert "Version 2 of the field mapping is in force. Held deals read again: 1." in words(page.text)
    assert connection.cursor_external_id == "006A"
    assert AuditEntry.objects.get().actor_name == "sue"


def test_saving_the_same_again_makes_no_version(support: Client) -> None:
    connection = connect()
    support.post(page_of(connection), inlines(connection))

    page = support.post(page_of(connection), inlines(connection), follow=True)

    assert "The field mapping is the same as before." in words(page.text)
    assert MappingVersion.objects.count() == 2


def test_rows_are_added_and_removed(support: Client) -> None:
    connection = connect()
    number = len(FieldMapping.objects.all())
    added = {
        f"field_mappings-{number}-{name}": value
        for name, value in zip(
            COLUMNS, ("custom", "Cost centre", "customer", "deal", "Centre__c", ""), strict=True
        )
    }

    support.post(
        page_of(connection),
        inlines(
            connection,
            **added,
            **{
                "field_mappings-TOTAL_FORMS": str(number + 1),
                "field_mappings-0-DELETE": "on",
                "field_mappings-0-default_value": "",
            },
        ),
    )
    refused = FieldMapping.objects.count()
    support.post(
        page_of(connection), inlines(connection, **added, **{"field_mappings-TOTAL_FORMS": str(number + 1)})
    )

    assert (refused, FieldMapping.objects.count()) == (number, number + 1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"field_mappings-1-source_field": "Amount; DROP"}, "“Amount; DROP” is no API name of a field."),
        ({"field_mappings-3-source_field": ""}, "Contract Duration needs a CRM field or a default value."),
        ({"field_mappings-1-target": "duration"}, "Please correct"),
        ({"field_mappings-1-target": "custom"}, "Please correct"),
    ],
)
def test_mapping_that_could_not_be_confirmed_is_not_saved(
    support: Client, changes: dict[str, str], sentence: str
) -> None:
    connection = connect()
    before = row_versions()

    page = support.post(page_of(connection), inlines(connection, **changes))

    assert page.status_code == 200
    assert sentence in words(page.text)
    assert row_versions() == before


def test_operator_may_look_but_not_mend(db: None) -> None:
    user = User.objects.create_user("otto", is_staff=True)
    user.groups.add(Group.objects.get(name="Operator"))
    client = Client()
    client.force_login(user)
    connection = connect()

    assert client.get(page_of(connection)).status_code == 200
    assert client.post(page_of(connection), inlines(connection)).status_code == 403


@pytest.mark.parametrize(
    ("model", "action", "expected"),
    [
        ("crmdeal", "replay_deals", [("Salesforce", ["006B"])]),
        ("syncrecord", "replay_deals", [("Salesforce", ["006B"])]),
        ("hold", "replay_deals", [("Salesforce", ["006B"])]),
        ("syncrun", "replay_deals", [("Salesforce", ["006A", "006B"])]),
    ],
)
def test_selected_rows_are_replayed(support: Client, model: str, action: str, expected: Any) -> None:
    connection = fill()
    held = connection.deals.get(external_id="006B")
    chosen = {
        "crmdeal": held.pk,
        "syncrecord": held.records.get().pk,
        "hold": held.holds.get().pk,
        "syncrun": connection.sync_runs.get().pk,
    }[model]

    page = support.post(
        f"/admin/crm_sync/{model}/", {"action": action, "_selected_action": chosen}, follow=True
    )

    assert replayed() == expected
    assert "of Salesforce will be read again in a moment." in words(page.text)


def test_everything_that_matches_a_filter_is_replayed(support: Client) -> None:
    first, second = connect("First"), connect("Second")
    for number in range(60):
        deal(first, f"A{number:02}")
    deal(second, "B", name="Of another connection")

    support.post(
        f"/admin/crm_sync/crmdeal/?connection__id__exact={first.pk}",
        {"action": "replay_deals", "select_across": "1", "_selected_action": first.deals.first().pk},
    )
    everything = {"action": "replay_deals", "select_across": "1", "_selected_action": "1"}
    support.post("/admin/crm_sync/crmdeal/", everything)

    all_of_first = [f"A{number:02}" for number in range(60)]
    assert replayed() == [("First", all_of_first), ("First", all_of_first), ("Second", ["B"])]


def test_deals_of_a_connection_that_is_gone_are_not_replayed(support: Client) -> None:
    connection = connect(state=ConnectionState.BROKEN)
    held = deal(connection)

    page = support.post(
        "/admin/crm_sync/crmdeal/", {"action": "replay_deals", "_selected_action": held.pk}, follow=True
    )

    assert "Salesforce is not connected: 1 deal not read." in words(page.text)
    assert replayed() == []


def test_replay_needs_its_permission(db: None) -> None:
    user = User.objects.create_user("vera", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_crmdeal", "view_syncrun"]))
    client = Client()
    client.force_login(user)
    held = deal(connect())

    client.post("/admin/crm_sync/crmdeal/", {"action": "replay_deals", "_selected_action": held.pk})

    assert replayed() == []


def test_legal_entity_and_workspace_are_edited_and_audited(root: Client) -> None:
    entity = ensure_legal_entity()
    Workspace.objects.get_or_create(pk=1)

    root.post(
        page_of(entity),
        {
            "name": "Fincelo Inc",
            "address": "2 Side Street",
            "tax_id": "US-2",
            "invoice_prefix": "FIN",
            "payment_terms_days": "14",
        },
    )
    root.post("/admin/contracts/workspace/1/change/", {"name": "Acme", "time_zone": "Europe/Berlin"})
    refused = root.post("/admin/contracts/workspace/1/change/", {"name": "Acme", "time_zone": "Mars/Base"})

    entity.refresh_from_db()
    assert (entity.invoice_prefix, entity.payment_terms_days) == ("FIN", 14)
    assert Workspace.objects.get().time_zone == "Europe/Berlin"
    assert refused.status_code == 200
    assert list(AuditEntry.objects.order_by("id").values_list("action", "after")) == [
        ("legal entity changed", {"invoice_prefix": "FIN", "payment_terms_days": 14}),
        ("workspace changed", {"name": "Acme", "time_zone": "Europe/Berlin"}),
    ]


@pytest.mark.parametrize("path", ["/admin/billing/legalentity/add/", "/admin/contracts/workspace/add/"])
def test_there_is_only_one_legal_entity_and_workspace(root: Client, path: str) -> None:
    ensure_legal_entity()
    Workspace.objects.get_or_create(pk=1)

    assert root.get(path).status_code == 403
    assert root.post(path.replace("add", "1/delete"), {"post": "yes"}).status_code in (302, 403)
    assert LegalEntity.objects.exists()
    assert Workspace.objects.exists()
