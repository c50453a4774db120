"""What people paste to name a deal."""

import pytest

from crm_sync.oversight.deal_references import DealReference, read_reference

SHORT, LONG = "006Da000000JiwR", "006Da000000JiwRIAS"


@pytest.mark.parametrize(
    "typed",
    [
        SHORT,
        LONG,
        f"  {LONG}\n",
        f"https://acme.lightning.force.com/lightning/r/Opportunity/{LONG}/view",
        f"https://acme.my.salesforce.com/{SHORT}",
        f"https://acme.lightning.force.com/one/one.app#/sObject/{LONG}/view",
        f"https://acme.lightning.force.com/lightning/r/{SHORT}/related/Quotes/view?ws=x",
    ],
)
def test_salesforce(typed: str) -> None:
    found = read_reference(typed)

    assert (found.provider, found.external_id) == ("salesforce", LONG)


@pytest.mark.parametrize(
    ("typed", "org"),
    [
        ("479475667160", ""),
        ("https://app.hubspot.com/contacts/147893286/record/0-3/479475667160", "147893286"),
        (
            "https://app-eu1.hubspot.com/contacts/147893286/record/0-3/479475667160/?interaction=note",
            "147893286",
        ),
        ("https://app.hubspot.com/contacts/147893286/deal/479475667160/", "147893286"),
    ],
)
def test_hubspot(typed: str, org: str) -> None:
    found = read_reference(typed)

    assert (found.provider, found.external_id, found.org) == ("hubspot", "479475667160", org)


@pytest.mark.parametrize("typed", ["Acme renewal", "006", "Renewal 2026", "0061", "Straße 7"])
def test_anything_else_is_a_name(typed: str) -> None:
    found = read_reference(typed)

    assert found == DealReference(text=typed, provider=found.provider, external_id=found.external_id)
    assert found.external_id == ("" if not typed.isdigit() else typed.lstrip("0"))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter the id, the link or the name of a deal."),
        ("  \x00 ", "Enter the id, the link or the name of a deal."),
        ("https://example.com/", "This link leads to no deal."),
        ("https://[bad/", "This link cannot be read."),
        ("https://app.hubspot.com/contacts/1/record/0-2/5", "This link leads to no deal."),
        ("001Da000000JiwRIAS", "the id of an opportunity begins with 006"),
        ("006Da000000JiwRIAA", "is mistyped"),
    ],
)
def test_what_names_no_deal(typed: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_reference(typed)
