import pytest

from billing.forms.settings import LegalEntityForm
from billing.models import LegalEntity
from tests.billing.builders import ensure_legal_entity

pytestmark = pytest.mark.django_db

RATE = "Enter a rate from 0 to 99.999 % with three decimals at most, such as 19 or 8.875 %."
FILLED = {
    "name": "Fincelo Inc",
    "street": "2 Side Street",
    "country": "US",
    "tax_number": "US-2",
    "invoice_prefix": "INV",
    "credit_note_prefix": "CN",
    "payment_terms_days": "30",
    "default_tax_percent": "0",
}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("invoice_prefix", "INVOI", "Ensure this value has at most 4 characters (it has 5)."),
        ("invoice_prefix", "in", "Use one to four capital letters and digits."),
        ("invoice_prefix", "A-B", "Use one to four capital letters and digits."),
        ("invoice_prefix", "", "This field is required."),
        ("invoice_prefix", "CN", "Invoices and credit notes need different prefixes."),
        ("credit_note_prefix", "Ä", "Use one to four capital letters and digits."),
        ("default_tax_percent", "100", RATE),
        ("default_tax_percent", "-1", RATE),
        ("default_tax_percent", "1.0001", RATE),
        ("payment_terms_days", "366", "Ensure this value is less than or equal to 365."),
    ],
)
def test_what_the_legal_entity_cannot_be(field: str, value: str, sentence: str) -> None:
    form = LegalEntityForm({**FILLED, field: value}, instance=ensure_legal_entity())

    assert [error for errors in form.errors.values() for error in errors] == [sentence]


def test_a_rate_is_kept_exactly() -> None:
    form = LegalEntityForm({**FILLED, "default_tax_percent": "8.875"}, instance=ensure_legal_entity())
    assert form.is_valid()
    form.save()

    entity = LegalEntity.objects.get()
    assert entity.default_tax_rate == 8_875
    assert str(LegalEntityForm(instance=entity).initial["default_tax_percent"]) == "8.875"
