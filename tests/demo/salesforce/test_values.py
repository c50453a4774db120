from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from demo.salesforce.ids import numbered_id, to18
from demo.salesforce.values import java_double, moment_text, stored


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (12.0, "12.0"),
        (12000.0, "12000.0"),
        (90.678, "90.678"),
        (1234567.0, "1234567.0"),
        (9999999.99, "9999999.99"),
        (10000000.0, "1.0E7"),
        (12345678.0, "1.2345678E7"),
        (912260031.0, "9.12260031E8"),
        (-12345678.5, "-1.23456785E7"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (1e18, "1.0E18"),
    ],
)
def test_java_double(number: float, text: str) -> None:
    assert java_double(number) == text


def test_moment_is_utc_in_whole_seconds() -> None:
    moment = datetime(2026, 11, 22, 11, 14, 7, 999_000, tzinfo=timezone(timedelta(hours=1)))

    assert moment_text(moment) == "2026-11-22T10:14:07.000+0000"


@pytest.mark.parametrize(
    ("field_type", "value", "kept"),
    [
        ("currency", "12000", 12000.0),
        ("currency", Decimal("12.50"), 12.5),
        ("string", "", None),
        ("picklist", "Closed Won ", "Closed Won "),
        ("date", date(2026, 11, 22), "2026-11-22"),
        ("datetime", datetime(2026, 11, 22, tzinfo=UTC), "2026-11-22T00:00:00.000+0000"),
        ("reference", "0057e00000RmwSW", "0057e00000RmwSWAAZ"),
        ("boolean", True, True),
        ("int", 4, 4),
    ],
)
def test_stored(field_type: str, value: object, kept: object) -> None:
    assert stored(field_type, value) == kept


@pytest.mark.parametrize(
    "record_id",
    [
        "0057e00000RmwSWAAZ",
        "0011U00000V0tkDQAR",
        "0031U00000JajaoQAB",
        "003q000000KvQ1tAAF",
        "750R0000000zlh9IAA",
        "005R0000000GiwjIAC",
    ],
)
def test_to18_of_real_ids(record_id: str) -> None:
    assert (to18(record_id[:15]), to18(record_id)) == (record_id, record_id)


@pytest.mark.parametrize("text", ["", "006", "0057e00000RmwSWAAA", "0057e00000RmwS!", "0057e00000RmwSWA"])
def test_to18_refuses_what_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="Not a Salesforce id"):
        to18(text)


def test_ids_may_differ_by_case_alone() -> None:
    lower, upper = (numbered_id(prefix="006", number=number) for number in (40, 14))

    assert (lower, upper) == ("006Da000000000eIAA", "006Da000000000EIAQ")
