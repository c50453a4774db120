"""Custom fields: typed by the database, shown, kept when their mapping goes, found in the lists, exported."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from contracts.custom_fields import (
    UnableToDefine,
    ensure_custom_fields,
    misfits,
    print_on_invoices,
    shown_fields,
    type_problem,
)
from contracts.custom_values import FieldDefinition, ShownField
from contracts.enums import CustomFieldHome, CustomFieldType
from contracts.models import AuditEntry, Contract, Customer, CustomField
from fincelo.invariants import find_violations
from tests.billing.builders import Deal, sign
from tests.invariants import plant
from tests.pages import rows, signed_in, words

pytestmark = pytest.mark.django_db
CONTRACT, CUSTOMER = CustomFieldHome
TEXT, NUMBER, DATE, YES_NO = CustomFieldType
FITTING = {
    NUMBER: ["0", "-1", "12", "0.50", "12345678901234567890.000000001", "007"],
    DATE: ["2026-11-22", "2024-02-29", "0001-01-01", "9999-12-31"],
    YES_NO: ["Yes", "No"],
    TEXT: ["", "anything", "=1+1", "2026-13-45"],
}
MISFITTING = {
    NUMBER: ["", "1,000", "1e3", ".5", "5.", "--1", "NaN", "twelve", " 1", "1\n"],
    DATE: [
        "",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-11-31",
        "0000-01-01",
        "22.11.2026",
        "2026-1-1",
    ],
    YES_NO: ["", "yes", "true", "1", "Yes "],
}


def define(label: str, type: CustomFieldType = TEXT, home: CustomFieldHome = CONTRACT) -> CustomField:
    return CustomField.objects.create(home=home, label=label, type=type)


def wanted(label: str, type: CustomFieldType, home: CustomFieldHome = CONTRACT) -> FieldDefinition:
    return FieldDefinition(home=home, label=label, type=type)


def keep(*values: dict[str, str]) -> list[Contract]:
    """Contracts A, B, C ... that keep these values."""
    contracts = sign(*(Deal(customer=chr(ord("A") + place)) for place, _ in enumerate(values)))
    for contract, kept in zip(contracts, values, strict=True):
        Contract.objects.filter(pk=contract.pk).update(custom_fields=kept)
    return contracts


@pytest.mark.parametrize(
    ("type_", "value"), [(type_, value) for type_, values in FITTING.items() for value in values]
)
def test_database_takes_what_fits(type_: CustomFieldType, value: str) -> None:
    define("Field", type_)

    keep({"Field": value})

    assert misfits(home=CONTRACT, label="Field", type=type_) == 0


@pytest.mark.parametrize(
    ("type_", "value"), [(type_, value) for type_, values in MISFITTING.items() for value in values]
)
def test_database_refuses_what_does_not_fit(type_: CustomFieldType, value: str) -> None:
    define("Field", type_, CUSTOMER)

    with pytest.raises(DatabaseError, match="The custom field Field holds"), transaction.atomic():
        Customer.objects.create(name="Acme", custom_fields={"Field": value})
    customer = Customer.objects.create(name="Acme", custom_fields={"Another": value})
    with pytest.raises(DatabaseError, match="no value of its type"), transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(custom_fields={"Field": value})

    assert misfits(home=CUSTOMER, label="Another", type=type_) == 1


def test_one_misfit_among_many_is_found_by_the_nightly_check() -> None:
    field = define("Seats", NUMBER)
    keep({"Seats": "1"}, {"Seats": "2"}, {})
    plant(
        "UPDATE contracts_contract SET custom_fields = '{\"Seats\": \"many\"}' WHERE name = 'B subscription'"
    )

    found = {one.name: one for one in find_violations()}["custom_field_values_fit"]

    assert found.sentences == [
        f"The custom field {field.label} is of type number, and 1 contract rows hold another kind of value "
        "under it. Sync their deals again with `manage.py sync_crm --full`."
    ]


def test_definitions_are_made_once_and_keep_their_type() -> None:
    ensure_custom_fields(wanted=[wanted("Seats", NUMBER), wanted("Seats", TEXT, CUSTOMER)], actor=None)
    ensure_custom_fields(wanted=[wanted("Seats", NUMBER)], actor=None)

    assert list(CustomField.objects.order_by("pk").values_list("home", "label", "type")) == [
        ("contract", "Seats", "number"),
        ("customer", "Seats", "text"),
    ]


def test_a_type_changes_while_every_kept_value_fits_the_new_one() -> None:
    define("Seats", TEXT)
    keep({"Seats": "12"}, {})
    fiona = User.objects.create_user("fiona")

    ensure_custom_fields(wanted=[wanted("Seats", NUMBER)], actor=fiona)

    assert CustomField.objects.get().type == "number"
    entry = AuditEntry.objects.get(action="Custom field changed")
    assert (entry.actor_name, entry.before, entry.after) == ("fiona", {"type": "text"}, {"type": "number"})


def test_a_type_stays_where_kept_values_speak_against_another() -> None:
    define("Region", TEXT)
    keep({"Region": "North"}, {"Region": "12"})

    with pytest.raises(UnableToDefine) as refusal:
        ensure_custom_fields(wanted=[wanted("Region", NUMBER)], actor=None)

    said = "holds text, and 1 value kept under this name would not be number; choose another name"
    assert str(refusal.value) == f"Region {said}."
    assert type_problem(wanted=wanted("Region", NUMBER)) == said
    assert type_problem(wanted=wanted("Region", TEXT)) == ""
    assert type_problem(wanted=wanted("Unknown", NUMBER)) == ""


def test_values_are_shown_by_their_type_and_those_without_a_field_last() -> None:
    define("Renewal", DATE)
    define("Seats", NUMBER)
    define("Pilot", YES_NO)
    values = {"Old": "kept", "Pilot": "Yes", "Seats": "1200.50", "Renewal": "2027-01-31"}

    assert shown_fields(home=CONTRACT, values=values) == [
        ShownField(label="Renewal", text="2027-01-31", day=date(2027, 1, 31)),
        ShownField(label="Seats", text="1200.50", number=Decimal("1200.50")),
        ShownField(label="Pilot", text="Yes"),
        ShownField(label="Old", text="kept"),
    ]


def test_printing_is_switched_with_an_entry_in_the_audit() -> None:
    field, fiona = define("Region"), User.objects.create_user("fiona")

    assert print_on_invoices(field=field, printed=True, actor=fiona) is True
    assert print_on_invoices(field=field, printed=True, actor=fiona) is False

    field.refresh_from_db()
    assert field.on_invoice
    [entry] = AuditEntry.objects.all()
    assert (entry.before, entry.after) == ({"printed_on_invoices": False}, {"printed_on_invoices": True})


def names(page) -> list[str]:
    return sorted(row[0].split()[0] for row in rows(page))


@pytest.mark.parametrize(
    ("type_", "asked", "found"),
    [
        (TEXT, {"": "or"}, ["A", "B"]),
        (TEXT, {"": "100%"}, []),
        (TEXT, {"": "__"}, []),
        (NUMBER, {"-from": "9"}, ["B", "C"]),
        (NUMBER, {"-from": "9", "-to": "10"}, ["B"]),
        (NUMBER, {"-to": "-0.5"}, []),
        (NUMBER, {"-from": "1e999999999"}, ["A", "B", "C", "D"]),
        (NUMBER, {"-from": "x"}, ["A", "B", "C", "D"]),
        (DATE, {"-from": "2026-02-01", "-to": "2026-02-28"}, ["B"]),
        (DATE, {"-to": "2026-01-31"}, ["A"]),
        (YES_NO, {"": "No"}, ["B"]),
        (YES_NO, {"": "perhaps"}, ["A", "B", "C", "D"]),
    ],
)
def test_contracts_are_found_by_a_custom_field(
    type_: CustomFieldType, asked: dict[str, str], found: list[str]
) -> None:
    values = {
        TEXT: ["North", "Border", "East"],
        NUMBER: ["2", "10", "100.5"],
        DATE: ["2026-01-31", "2026-02-28", "2026-03-01"],
        YES_NO: ["Yes", "No", "Yes"],
    }[type_]
    field = define("Field", type_)
    keep(*({"Field": value} for value in values), {})

    page = signed_in("contracts.export_records", "contracts.view_contract").get(
        "/contracts/", {f"custom-{field.pk}{end}": text for end, text in asked.items()}
    )

    assert names(page) == found


@pytest.mark.parametrize(
    "label",
    [
        "123",
        "-1",
        "state__in",
        "customer__name",
        "a.b",
        'it\'s "quoted" %s %(x)s {0}',
        "'; DROP TABLE contracts_contract; --",
        "<script>alert(1)</script>",
        "日本語",
        "x" * 80,
    ],
)
def test_no_label_is_taken_for_anything_but_a_label(label: str) -> None:
    field = define(label)
    keep({label: "here"}, {"Other": "here"}, {})
    browser = signed_in("contracts.export_records", "contracts.view_contract")

    page = browser.get("/contracts/", {f"custom-{field.pk}": "her", "custom_fields__has_key": "Other"})

    assert names(page) == ["A"]
    assert "<script>alert" not in page.text
    table = exported(browser, f"/contracts/csv/?custom-{field.pk}=her")
    assert [row["Contract"] for row in table] == ["A subscription"]


def test_customers_are_found_by_a_custom_field() -> None:
    field = define("Tier", TEXT, CUSTOMER)
    sign(Deal(customer="Gold"), Deal(customer="Plain"))
    Customer.objects.filter(name="Gold").update(custom_fields={"Tier": "gold"})

    page = signed_in("contracts.view_customer").get("/customers/", {f"custom-{field.pk}": "GOLD"})

    assert names(page) == ["Gold"]


def exported(browser, url: str) -> list[dict[str, str]]:
    answer = browser.get(url)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_contracts_are_exported_with_every_column_and_custom_field() -> None:
    define("Seats", NUMBER)
    define("=Region")
    define("Customer")
    define("Tier", TEXT, CUSTOMER)
    [contract] = keep({"Seats": "-12", "=Region": "=HYPERLINK(1)", "Customer": "odd"})
    contract.customer.custom_fields = {"Tier": "gold"}
    contract.customer.save()

    assert exported(signed_in("contracts.export_records", "contracts.view_contract"), "/contracts/csv/") == [
        {
            "Contract": "A subscription",
            "Customer": "A",
            "State": "Active",
            "Currency": "USD",
            "Contract Value": "1200.00",
            "Contract Start Date": "2026-11-22",
            "Last day": "2027-11-21",
            "Contract Duration (months)": "12",
            "Billing Cycle": "Monthly",
            "Billing timing": "In advance",
            "Lead days": "0",
            "Account Manager": "",
            "PO Number": "",
            "Seats": "-12",
            "'=Region": "'=HYPERLINK(1)",
            "Customer (custom field)": "odd",
            "Customer: Tier": "gold",
        }
    ]


def test_export_follows_the_filters_over_more_than_one_portion(
    monkeypatch, django_assert_max_num_queries
) -> None:
    monkeypatch.setattr("contracts.exporting.PORTION", 2)
    sign(*(Deal(customer=f"Customer {number}") for number in range(5)), Deal(customer="Euro", currency="EUR"))
    browser = signed_in("contracts.export_records", "contracts.view_contract", "contracts.view_customer")

    with django_assert_max_num_queries(13):
        found = exported(browser, "/contracts/csv/?currency=USD")

    assert [row["Customer"] for row in found] == [f"Customer {number}" for number in range(4, -1, -1)]
    assert len(exported(browser, "/customers/csv/?q=customer")) == 5


def test_exports_need_the_right_to_see_the_list() -> None:
    browser = signed_in()

    assert browser.get("/contracts/csv/").status_code == browser.get("/customers/csv/").status_code == 403


def test_a_filter_that_is_set_stays_open_and_leads_to_its_export() -> None:
    field = define("Region")
    keep({"Region": "North"})

    page = signed_in("contracts.export_records", "contracts.view_contract").get(
        "/contracts/", {f"custom-{field.pk}": "north", "page": 1}
    )

    assert '<details class="filters-more" open>' in page.text
    assert f'href="/contracts/csv/?custom-{field.pk}=north"' in page.text
    assert "Region" in words(page.text)
