"""What can be set about a portal: limits, the state of the account, and habits that differ among portals."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Limits:
    """Told in the headers of every call; a call too many is refused only while they are `enforced`."""

    enforced: bool = False
    burst: int = 190
    association_burst: int = 150
    searches: int = 5
    daily: int = 625_000
    retry_after: bool = False


TIERS = {
    "free": Limits(burst=100, association_burst=100, daily=250_000),
    "professional": Limits(),
    "enterprise": Limits(daily=1_000_000),
    "enterprise with an increase": Limits(burst=250, association_burst=200, daily=2_000_000),
}


def limits_of(tier: str) -> Limits:
    return replace(TIERS[tier], enforced=True)


@dataclass(slots=True, kw_only=True)
class AccountState:
    """Moments until which the whole account refuses calls, and the data centre it has gone to."""

    moving_until: datetime | None = None
    locked_until: datetime | None = None
    other_hublet: str | None = None


@dataclass(slots=True, kw_only=True)
class Habits:
    """What one real portal does and another does not, or what no documentation settles.

    `archived_stay_in_index`: they still count in the total and fill pages of a search, though no result shows
    them, so that a page may be short or empty and lead to the next. `long_searches_refused`: a body of more
    than 3,000 characters. `old_scope_bodies`: missing scopes are named in `requiredScopes`.
    `merge_lists_last_only`: a merged record names the two of its own merge, and none of those before.
    """

    merge_keeps_primary_id: bool = False
    batch_read_names_merged_ids: bool = False
    archived_stay_in_index: bool = False
    long_searches_refused: bool = False
    old_scope_bodies: bool = False
    merge_lists_last_only: bool = False
