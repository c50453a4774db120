"""The admin of support: what is in it, what leads where, what can be changed."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from billing.models import LegalEntity
from contracts.models import Workspace
from crm_sync.enums import Outcome
from crm_sync.models import Authorisation, ConnectionCredentials, ConnectionLease
from tests.audited import changes
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.admin_rows import fill, listing, page_of, staff
from tests.crm_sync.page_rows import connect
from tests.crm_sync.stored import row_versions

pytestmark = pytest.mark.django_db
OURS = [
    model for model in admin.site._registry if model._meta.app_label in ("contracts", "billing", "crm_sync")
]
EDITABLE = {
    "workspace",
    "customfield",
    "legalentity",
    "connection",
    "billingpolicy",
    "approvallimit",
    "holdpolicy",
}
MACHINE_WRITTEN = [model for model in OURS if model._meta.model_name not in EDITABLE]


@pytest.fixture
def support(db: None) -> Client:
    return staff("Support")


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_secrets_are_not_in_the_admin() -> None:
    assert not {ConnectionCredentials, Authorisation, ConnectionLease} & set(admin.site._registry)


def test_lists_and_pages_can_be_opened_and_escape_what_they_show(root: Client) -> None:
    fill()

    for model in OURS:
        rows = root.get(listing(model))
        page = root.get(page_of(model._default_manager.order_by("pk").first()))

        assert (model, rows.status_code, page.status_code) == (model, 200, 200)
        assert "<script>alert" not in rows.text + page.text


@pytest.mark.parametrize("model", MACHINE_WRITTEN, ids=str)
def test_machine_written_rows_cannot_be_added_changed_or_deleted(root: Client, model: Any) -> None:
    fill()
    row = model._default_manager.order_by("pk").first()
    before = row_versions()

    answers = [
        root.post(page_of(row), {"_save": "Save"}).status_code,
        root.post(page_of(row).replace("/change/", "/delete/"), {"post": "yes"}).status_code,
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


def test_search_takes_anything(root: Client) -> None:
    fill()
    texts = ("006A", "x' OR 1=1", "\0", "9" * 40)

    answers = {root.get(listing(model), {"q": text}).status_code for model in OURS for text in texts}

    assert answers <= {200, 302}


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

    page = support.get(page_of(invoice)).content.decode()

    assert "<pre>{\n  &quot;" in page
    assert "USD\u00a0100.00" in page


def test_no_secret_is_on_the_page_of_a_connection(support: Client) -> None:
    connection = connect()
    kept = ConnectionCredentials(connection=connection, access_token="an-access-token")
    kept.save()

    assert "an-access-token" not in support.get(page_of(connection)).text


def test_legal_entity_and_workspace_are_edited_and_audited(root: Client) -> None:
    entity = ensure_legal_entity()
    Workspace.objects.get_or_create(pk=1)

    root.post(
        page_of(entity),
        {
            "name": "Fincelo Inc",
            "street": "2 Side Street",
            "city": "Springfield",
            "country": "US",
            "tax_number": "US-2",
            "invoice_prefix": "FIN",
            "credit_note_prefix": "CN",
            "payment_terms_days": "14",
            "default_tax_percent": "8.875",
        },
    )
    workspace = {"name": "Acme", "time_zone": "Europe/Berlin", "page_format": "de"}
    root.post("/admin/contracts/workspace/1/change/", workspace)
    refused = root.post("/admin/contracts/workspace/1/change/", workspace | {"time_zone": "Mars/Base"})

    entity.refresh_from_db()
    assert (entity.invoice_prefix, entity.payment_terms_days, entity.default_tax_rate) == ("FIN", 14, 8875)
    assert Workspace.objects.get().time_zone == "Europe/Berlin"
    assert refused.status_code == 200
    assert list(changes().order_by("id").values_list("action", "after")) == [
        (
            "legal entity changed",
            {"invoice_prefix": "FIN", "payment_terms_days": 14, "default_tax_percent": "8.875"},
        ),
        ("workspace changed", workspace),
    ]


@pytest.mark.parametrize("path", ["/admin/billing/legalentity/add/", "/admin/contracts/workspace/add/"])
def test_there_is_only_one_legal_entity_and_workspace(root: Client, path: str) -> None:
    ensure_legal_entity()
    Workspace.objects.get_or_create(pk=1)

    assert root.get(path).status_code == 403
    assert root.post(path.replace("add", "1/delete"), {"post": "yes"}).status_code in (302, 403)
    assert LegalEntity.objects.exists()
    assert Workspace.objects.exists()
