from datetime import UTC, date, datetime

import pytest

from crm_sync.deals import Deal
from crm_sync.selection import is_won, select_won
from tests.crm_sync.deal_values import a_deal

IMPORT_FROM = date(2026, 1, 1)


def selected(
    *deals: Deal, stage_names: tuple[str, ...] = ("Closed Won",), known: tuple[str, ...] = ()
) -> list[Deal]:
    return select_won(deals, stage_names=stage_names, import_from=IMPORT_FROM, known=known)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("Closed Won", True),
        ("closed won", False),
        ("Closed won", False),
        ("CLOSED WON", False),
        ("Closed Won ", False),
        (" Closed Won", False),
        ("Closed-Won", False),
        ("Closed\u00a0Won", False),
        ("Closed  Won", False),
        ("Clósed Won", False),
        ("C\u200blosed Won", False),
        ("Ｃlosed Won", False),
        ("Won", False),
        ("Closed Won – Renewal", False),
        ("Closed Lost", False),
        ("", False),
    ],
)
def test_case_39_the_stage_name_is_compared_exactly(stage: str, expected: bool) -> None:
    assert is_won(a_deal(stage=stage), stage_names=["Closed Won"]) is expected


def test_case_40_a_stage_of_another_spelling_is_imported_once_it_is_selected() -> None:
    deal = a_deal(stage="Closed won")

    assert selected(deal) == []
    assert selected(deal, stage_names=("Closed Won", "Closed won")) == [deal]


def test_case_42_a_won_label_that_the_crm_denies_is_selected_to_become_a_hold() -> None:
    deal = a_deal(crm_says_won=False)

    assert selected(deal) == [deal]


@pytest.mark.parametrize(
    ("close_date", "known", "expected"),
    [
        (date(2026, 1, 1), (), True),
        (date(2025, 12, 31), (), False),
        (date(2025, 12, 31), ("9001",), True),
        (date(2025, 12, 31), ("9002",), False),
        (date(2030, 1, 1), (), True),
        (None, (), True),
    ],
)
def test_case_11_deals_closed_before_import_from_stay_out_unless_known(
    close_date: date | None, known: tuple[str, ...], expected: bool
) -> None:
    deal = a_deal(close_date=close_date)

    assert selected(deal, known=known) == ([deal] if expected else [])


def test_a_deal_seen_twice_counts_as_it_was_last() -> None:
    earlier = datetime(2026, 11, 22, 10, tzinfo=UTC)
    later = datetime(2026, 11, 22, 11, tzinfo=UTC)
    won, reopened = a_deal(modified_at=earlier), a_deal(modified_at=later, stage="Negotiation")
    open_before, won_after = (
        a_deal(external_id="9", modified_at=earlier, stage="Negotiation"),
        a_deal(external_id="9", modified_at=later),
    )

    assert selected(won, reopened) == []
    assert selected(reopened, won) == []
    assert selected(open_before, won_after) == [won_after]
    assert selected(won, won) == [won]


def test_of_two_readings_of_one_moment_the_later_read_counts() -> None:
    stale, fresh = a_deal(amount="1.00"), a_deal(amount="2.00")

    assert selected(stale, fresh) == [fresh]


def test_deals_keep_their_order() -> None:
    deals = [a_deal(external_id=external_id) for external_id in ("3", "1", "2")]

    assert selected(*deals) == deals
