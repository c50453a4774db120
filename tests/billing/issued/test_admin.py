"""The admin, for somebody with every right: issued documents are looked at there and nothing else."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from billing.models import CreditNoteLine, Invoice, InvoiceLine, Logo
from tests.billing.issued.papers import SENTENCES, everything_issued
from tests.pages import words

pytestmark = pytest.mark.django_db

SHOWN = [model for model in SENTENCES if admin.site.is_registered(model)]
REFUSAL = (
    "Your account may not open this page Fincelo writes this automatically. Here it is only looked at; it changes by "
    "what is done on the pages. Nothing was changed."
)


def page(model: type[Model], name: str, *keys: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=keys)


def everything(model: type[Model]) -> dict[str, Any]:
    """The fields of a form that would change each of them."""
    return {field.name: "1" for field in model._meta.concrete_fields} | {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "1",
        "lines-0-id": str(InvoiceLine.objects.values_list("pk", flat=True).first()),
        "lines-0-amount_minor": "1",
        "lines-0-DELETE": "on",
        "post": "yes",
    }


def test_what_has_no_pages_of_its_own() -> None:
    """Lines of credit notes stand with their note."""
    assert [model for model in SENTENCES if model not in SHOWN] == [CreditNoteLine, Logo]


@pytest.mark.parametrize("view", ["change", "delete"])
@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_nothing_is_changed_or_deleted(model: type[Model], view: str, admin_client: Client) -> None:
    everything_issued()
    before = list(model._default_manager.values())

    answer = admin_client.post(page(model, view, before[0]["id"]), everything(model))

    assert (answer.status_code, REFUSAL in words(answer.text)) == (403, True)
    assert list(model._default_manager.values()) == before


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_nothing_is_added(model: type[Model], admin_client: Client) -> None:
    everything_issued()

    answer = admin_client.post(page(model, "add"), everything(model))

    assert (answer.status_code, model._default_manager.count()) == (403, 1)


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_no_action_deletes(model: type[Model], admin_client: Client) -> None:
    everything_issued()
    key = model._default_manager.values_list("pk", flat=True).get()
    data = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}

    answer = admin_client.post(page(model, "changelist"), data)

    assert (answer.status_code, model._default_manager.count()) == (200, 1)
    assert "delete_selected" not in answer.text


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_no_form_is_offered(model: type[Model], admin_client: Client) -> None:
    everything_issued()
    key = model._default_manager.values_list("pk", flat=True).get()

    answer = admin_client.get(page(model, "change", key))

    assert answer.status_code == 200
    assert [
        word for word in ('name="_save"', "deletelink", "<textarea", 'type="text"') if word in answer.text
    ] == []


@pytest.mark.parametrize("parent", ["customer", "contract", "instalment", "billing_run", "legal_entity"])
def test_nothing_is_deleted_with_what_it_refers_to(parent: str, admin_client: Client) -> None:
    invoice = everything_issued()
    referred = getattr(invoice, parent)

    answer = admin_client.post(page(type(referred), "delete", referred.pk), {"post": "yes"})

    assert (answer.status_code, Invoice.objects.count()) == (403, 1)
    assert type(referred)._default_manager.filter(pk=referred.pk).exists()
