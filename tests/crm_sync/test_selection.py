from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from crm_sync.deals import Deal
from crm_sync.enums import LeftReason
from crm_sync.selection import is_won, left_reason, looked_at, select_left, select_too_early, select_won
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


def test_a_deleted_deal_is_not_won_whatever_its_stage() -> None:
    assert selected(replace(a_deal(), is_deleted=True)) == []


WON, OPEN = "Closed Won", "Negotiation"
MIXED = [
    a_deal(external_id=one, stage=stage) for one, stage in (("1", WON), ("2", OPEN), ("3", WON), ("4", OPEN))
]
NAMES = ["Closed Won"]


def test_known_deals_are_told_by_whether_they_are_won() -> None:
    known = {"1", "2"}

    assert select_left(MIXED, stage_names=NAMES, known=known) == [MIXED[1]]
    assert select_too_early(MIXED, stage_names=NAMES, known=known) == [MIXED[0]]


def test_each_deal_that_is_not_written_counts_once() -> None:
    more = [a_deal(external_id=one, stage=OPEN) for one in ("5", "6", "7", "8")]
    early = [a_deal(external_id=one) for one in ("9", "10")]
    deals = [*MIXED, *more, *early]
    read = [*deals, MIXED[0], MIXED[1], a_deal(external_id="swallowed")]

    counts = looked_at(read, deals=deals, won={"1"}, known={"2", "5"}, stage_names=NAMES)

    assert counts == {"repeated": 3, "too_early": 3, "left_won": 2, "not_selected": 4}
    assert counts.total() + 1 == len(read)


@pytest.mark.parametrize("says_won", [True, False, None])
@pytest.mark.parametrize("says_closed", [True, False, None])
def test_only_a_deal_that_is_closed_and_not_won_is_lost(
    says_won: bool | None, says_closed: bool | None
) -> None:
    expected = LeftReason.LOST if (says_won, says_closed) == (False, True) else LeftReason.LEFT_WON

    assert left_reason(crm_says_won=says_won, crm_says_closed=says_closed) == expected
