"""What stands on a page can be searched for, of each kind what a person may see."""

from datetime import date

import pytest
from django.db import connection as database
from django.test import Client

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Invoice
from billing.receivables.crediting import request_credit
from contracts.models import Contract, Customer
from crm_sync.models import CrmDeal
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.crm_sync.page_rows import connect
from tests.pages import rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _workspace() -> None:
    ensure_legal_entity()
    sign(
        Deal(customer="Silver Birch Ltd", value="88201.92", months=12, po_number="PO-123"),
        Deal(customer="Acme", value="1200.00"),
        Deal(customer="Lonely", value="12000", currency="JPY", start=date(2099, 1, 1)),
    )
    Customer.objects.filter(name="Silver Birch Ltd").update(
        billing_email="AP@silver.example", tax_number="DE 281 223 449"
    )
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    acme = Invoice.objects.get(customer__name="Acme")
    request_credit(invoice=acme, amount=2_500, reason="x", as_of=TODAY, actor=person("ann", group="Approver"))


def browser(group: str) -> Client:
    client = Client()
    client.force_login(person(group.lower(), group=group))
    return client


def found(text: str, group: str = "Finance") -> list[str]:
    page = browser(group).get("/search/", {"q": text}, follow=True)
    if page.redirect_chain:
        return [f"-> {page.redirect_chain[0][0]}"]
    return [row[0] for row in rows(page)]


def number(customer: str) -> str:
    return str(Invoice.objects.get(customer__name=customer).number)


@pytest.mark.parametrize("group", ["Finance", "Support"])
@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("CN-2026-000001", "note"),
        ("cn 2026 1", "note"),
        ("\u200eCN2026000001\u200b", "note"),
        ("birch silver", ["Silver Birch Ltd", "Silver Birch Ltd subscription"]),
        ("ap@silver", ["Silver Birch Ltd"]),
        ("de281223449", ["Silver Birch Ltd"]),
        ("po-1", "po"),
        ("7350.16", "amount"),
        ("7.350,16", "amount"),
        ("lonely", ["Lonely", "Lonely subscription"]),
        ("12000", ["Lonely subscription"]),
        ("88,201.92", ["Silver Birch Ltd subscription"]),
        ("25.00", ["CN-2026-000001"]),
        ("nothing of this", []),
    ],
)
def test_each_kind_is_found(group: str, text: str, hits: list[str] | str) -> None:
    birch = number("Silver Birch Ltd")
    expected = {
        "note": ["-> /credit-notes/"],
        "po": ["Silver Birch Ltd subscription", birch],
        "amount": [birch],
    }

    answer = found(text, group)

    if hits == "note":
        assert answer[0].startswith("-> /credit-notes/")
    else:
        assert answer == (expected[hits] if isinstance(hits, str) else hits)


def test_a_whole_number_leads_to_the_document() -> None:
    invoice = Invoice.objects.get(customer__name="Acme")

    assert found(str(invoice.number).lower()) == [f"-> {invoice.get_absolute_url()}"]


def test_the_end_of_a_number_finds_both_series() -> None:
    first = str(Invoice.objects.get(sequence=1).number)

    assert [found(text)[:2] for text in ("1", "000001", "2026-1")] == [[first, "CN-2026-000001"]] * 3


def test_a_deal_is_found_by_id_and_link() -> None:
    connection = connect()
    contract = Contract.objects.get(name="Acme subscription")
    CrmDeal.objects.create(
        org=connection.org,
        connection=connection,
        external_id="006000000000001AAA",
        name="Acme deal",
        stage="Closed Won",
        modified_at="2026-11-01T00:00Z",
        fingerprint="x",
        state="imported",
        contract=contract,
    )

    for text in ("006000000000001", "https://x.my.salesforce.com/006000000000001AAA"):
        page = browser("Support").get("/search/", {"q": text})
        assert [row[0] for row in rows(page)] == ["Acme deal"]
        assert contract.get_absolute_url() in page.text


def test_who_may_see_nothing_finds_nothing() -> None:
    client = Client()
    client.force_login(person("nobody"))

    page = client.get("/search/", {"q": "birch"})

    assert rows(page) == []
    assert "Silver Birch" not in page.text


def test_pages_are_found_by_their_names() -> None:
    assert "Tie-out" in found("tie")


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT id FROM billing_invoice WHERE upper(number) = 'X'", "invoice_by_number"),
        (
            "SELECT id FROM billing_invoice WHERE reverse(number) LIKE '420000-6202-%'",
            "invoice_by_end_of_number",
        ),
        (
            "SELECT id FROM contracts_customer WHERE to_tsvector('simple'::regconfig, coalesce(name, ''))"
            " @@ to_tsquery('simple'::regconfig, 'birch:*')",
            "customer_by_words",
        ),
        ("SELECT id FROM contracts_customer WHERE lower(billing_email) LIKE 'ap@%'", "customer_by_mail"),
        ("SELECT id FROM contracts_contract WHERE upper(po_number) LIKE 'PO%'", "contract_by_po"),
        ("SELECT id FROM billing_payment WHERE amount_minor = 5", "payment_by_amount"),
    ],
)
def test_each_look_up_has_its_index(sql: str, index: str) -> None:
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert index in plan


@pytest.mark.parametrize("path", ["/admin/billing/invoice/?q=00001", "/admin/contracts/contract/?q=acme"])
def test_the_admin_finds_parts(path: str) -> None:
    user = person("support", group="Support")
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)

    assert "0 results" not in client.get(path).text
