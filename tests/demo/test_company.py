import pytest

from billing.models import LegalEntity
from demo.company import ensure_company

pytestmark = pytest.mark.django_db


def test_the_demo_may_issue_from_the_start() -> None:
    ensure_company()

    entity = LegalEntity.objects.get()
    assert (entity.name, entity.missing) == ("Northwind Software Ltd", "")


def test_what_somebody_has_entered_stays() -> None:
    LegalEntity.objects.all().delete()
    LegalEntity.objects.create(name="Acme Inc", address="1 Main Street")

    ensure_company()

    assert LegalEntity.objects.get().name == "Acme Inc"


def test_without_any_there_is_one() -> None:
    LegalEntity.objects.all().delete()

    ensure_company()

    assert LegalEntity.objects.get().default_tax_rate == 20_000
