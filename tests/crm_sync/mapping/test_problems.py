"""Which cures a problem has."""

import pytest

from crm_sync.enums import HoldCode
from crm_sync.mapping.problems import HIDDEN, Cure, cures_of, key_of
from crm_sync.mapping.readers import sign_of

ENTER = [Cure.ENTER, Cure.MAPPING]


def problem(code: str, *, raw: str = "", key: str = "", fact: str = "") -> dict[str, str]:
    return {"code": code, "field": "A field", "raw": raw, "sentence": "It is so.", "key": key, "fact": fact}


@pytest.mark.parametrize(
    ("code", "raw", "cures"),
    [
        ("AMOUNT_MISSING", "", ENTER),
        ("AMOUNT_NOT_POSITIVE", "0", [Cure.FREE, *ENTER]),
        ("AMOUNT_NOT_POSITIVE", "0,00", [Cure.FREE, *ENTER]),
        ("AMOUNT_NOT_POSITIVE", "-5.0", [Cure.DOWNGRADE, *ENTER]),
        ("AMOUNT_NOT_POSITIVE", "0.01", ENTER),
        ("AMOUNT_UNREADABLE", "EUR 5", ENTER),
        ("AMOUNT_PRECISION", "0.001", ENTER),
        ("OVER_LIMIT", "1e30", ENTER),
        ("TERM_MISSING", "", [Cure.DEFAULT, *ENTER]),
        ("TERM_UNREADABLE", "tbd", [Cure.TRANSLATE, *ENTER]),
        ("FREQUENCY_MISSING", "", [Cure.DEFAULT, *ENTER]),
        ("FREQUENCY_UNKNOWN", "Bi-annual", [Cure.TRANSLATE, *ENTER]),
        ("FREQUENCY_UNKNOWN", "x" * 200, ENTER),
        ("FREQUENCY_UNKNOWN", "a\ufffdb", ENTER),
        ("CURRENCY_UNKNOWN", "Euro", [Cure.TRANSLATE, *ENTER]),
        ("CURRENCY_UNKNOWN", "", [Cure.DEFAULT, *ENTER]),
        ("DATE_MISSING", "", [Cure.DEFAULT, *ENTER]),
        ("DATE_OUT_OF_RANGE", "tomorrow", ENTER),
        ("SCHEDULE_IMPOSSIBLE", "Monthly", ENTER),
        ("CUSTOMER_NAME_MISSING", "", ENTER),
        ("NO_ACCOUNT", "", []),
        ("STAGE_CONFLICT", "Closed Won", [Cure.STAGES]),
        ("DUPLICATE_SUSPECT", "USD 5.00", [Cure.ANYWAY]),
        ("MERGED_DEALS", "", []),
        ("WRITE_FAILED", "Acme", []),
        ("TEXT_INVALID", "a name", []),
        ("A_CODE_OF_LATER", "", []),
    ],
)
def test_cures(code: str, raw: str, cures: list[Cure]) -> None:
    assert cures_of(problem(code, raw=raw)) == cures


def test_text_of_a_field_is_translated_or_entered() -> None:
    assert cures_of(problem("TEXT_INVALID", raw="x", key="custom:Region")) == [Cure.TRANSLATE, *ENTER]
    assert cures_of(problem("TEXT_INVALID", key="po_number")) == [Cure.DEFAULT, *ENTER]


def test_no_default_stands_in_for_a_value_that_cannot_be_seen() -> None:
    hidden = problem("TERM_MISSING", fact=HIDDEN)

    assert cures_of(hidden) == ENTER


def test_problem_from_before_it_named_its_field() -> None:
    keys = {code.value: key_of(problem(code.value)) for code in HoldCode}

    assert {code for code, key in keys.items() if not key} == {
        "STAGE_CONFLICT",
        "DUPLICATE_SUSPECT",
        "TEXT_INVALID",
        "MERGED_DEALS",
        "RECORD_UNREADABLE",
        "WRITE_FAILED",
    }
    assert key_of(problem("TEXT_INVALID", key="custom:Region")) == "custom:Region"


@pytest.mark.parametrize(
    ("printed", "sign"),
    [
        ("0", 0),
        ("-0", 0),
        ("0.00", 0),
        ("0E+3", 0),
        ("0,00", 0),
        ("-5", -1),
        ("-0.01", -1),
        ("-1E+12", -1),
        ("5", 1),
        ("0.01", 1),
        ("zero", 1),
        ("", 1),
        ("-", 1),
        ("--0", 1),
        ("\u0660", 1),
    ],
)
def test_sign_of_an_amount_as_it_is_shown(printed: str, sign: int) -> None:
    assert sign_of(printed) == sign
