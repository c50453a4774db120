"""Countries, addresses and tax ids as CRMs and people write them."""

import pytest

from contracts.addresses import Address, country_in, printed_lines, read_address
from contracts.countries import country_of, currency_of
from contracts.tax_ids import TaxIds, VatIdRefused, tax_ids_of, vat_id_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[
            ("Deutschland", "DE"),
            ("germany", "DE"),
            ("DE", "DE"),
            ("DEU", "DE"),
            ("UK", "GB"),
            ("England", "GB"),
        ],
        *[("United States", "US"), ("U.S.A.", "US"), ("Türkiye", "TR"), ("Turkey", "TR"), ("Holland", "NL")],
        *[("Kosovo", "XK"), ("Czech Republic", "CZ"), ("Czechia", "CZ"), ("GR", "GR"), ("EL", "GR")],
        *[("Korea", ""), ("Congo", ""), ("Georgia", ""), ("Narnia", ""), ("", ""), ("ZZ", ""), ("EU", "")],
    ],
)
def test_countries_by_code_and_name_and_none_by_guess(text: str, code: str) -> None:
    assert country_of(text) == code


def test_currency_of_a_country() -> None:
    assert [currency_of(code) for code in ("DE", "GB", "US", "")] == ["EUR", "GBP", "USD", ""]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("DE 136 695 976", "DE136695976"),
        ("GR094259216", "EL094259216"),
        ("NL4495445B01", "NL004495445B01"),
        ("GB 980 7806 84", "GB980780684"),
        ("CHE-107.787.577 IVA", "CHE107787577IVA"),
    ],
)
def test_vat_ids_in_their_compact_form(written: str, stored: str) -> None:
    assert vat_id_of(written) == stored


@pytest.mark.parametrize("written", ["DE136695975", "136695976", "US-1", "", "DE"])
def test_what_is_no_vat_id(written: str) -> None:
    with pytest.raises(VatIdRefused):
        vat_id_of(written)


def test_a_text_of_a_crm_is_one_of_both_and_never_lost() -> None:
    assert tax_ids_of("DE136695976") == TaxIds(vat_id="DE136695976")
    assert tax_ids_of(" 37/123/45678 ") == TaxIds(tax_number="37/123/45678")
    assert tax_ids_of("  ") == TaxIds()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "12 Harbour Street\nBristol BS1 5TR\nUnited Kingdom",
            Address(street="12 Harbour Street", post_code="BS1 5TR", city="Bristol", country="GB"),
        ),
        (
            "c/o X\nHafenstr. 12\n20457 Hamburg\nDeutschland",
            Address(street="c/o X\nHafenstr. 12", post_code="20457", city="Hamburg", country="DE"),
        ),
        ("1 Main Street\nSpringfield", None),
        ("Somewhere\nin Germany\nGermany", None),
    ],
)
def test_texts_are_split_where_it_is_certain(text: str, address: Address | None) -> None:
    assert read_address(text) == address


def test_country_of_a_text_that_stays_whole() -> None:
    assert (country_in("Somewhere\nGermany"), country_in("Germany"), country_in("A\nB")) == ("DE", "", "")


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (Address(street="A 1", post_code="10115", city="Berlin", country="DE"), ["A 1", "10115 Berlin"]),
        (
            Address(street="A 1", post_code="94105", city="San Francisco", region="CA", country="US"),
            ["A 1", "San Francisco, CA 94105", "Vereinigte Staaten"],
        ),
        (
            Address(street="A 1", post_code="BS1 5TR", city="Bristol", country="GB"),
            ["A 1", "Bristol", "BS1 5TR", "Vereinigtes Königreich"],
        ),
    ],
)
def test_lines_in_the_order_of_the_country(address: Address, lines: list[str]) -> None:
    assert printed_lines(address, language="de", from_country="DE") == lines
