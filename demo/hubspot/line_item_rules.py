"""What HubSpot calculates from line items: their net price, and the recurring amounts of their deal."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from demo.hubspot.line_item_properties import MONTHS_OF_FREQUENCY

Values = dict[str, str | None]
LineItem = Mapping[str, str | None]

ISO_PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?")
ASSUMED_TERM_MONTHS = 12
YEAR = 12


def net_price(item: LineItem) -> str:
    return _plain(_net(item))


def deal_amounts(items: Iterable[LineItem]) -> Values:
    """Without a term twelve months are assumed. All are empty for a deal without line items."""
    known = list(items)
    if not known:
        return dict.fromkeys(("hs_mrr", "hs_arr", "hs_acv", "hs_tcv"))
    one_time = sum((_net(item) for item in known if not _months(item)), Decimal())
    monthly = [(_net(item) / _months(item), _term(item)) for item in known if _months(item)]
    mrr = sum((amount for amount, _ in monthly), Decimal())
    acv = sum((amount * min(term, YEAR) for amount, term in monthly), one_time)
    tcv = sum((amount * term for amount, term in monthly), one_time)
    return {
        "hs_mrr": _plain(mrr),
        "hs_arr": _plain(mrr * YEAR),
        "hs_acv": _plain(acv),
        "hs_tcv": _plain(tcv),
    }


def _net(item: LineItem) -> Decimal:
    return Decimal(item.get("price") or 0) * Decimal(item.get("quantity") or 1)


def _months(item: LineItem) -> int:
    return MONTHS_OF_FREQUENCY.get(item.get("recurringbillingfrequency") or "", 0)


def _term(item: LineItem) -> int:
    match = ISO_PERIOD.fullmatch(item.get("hs_recurring_billing_period") or "")
    years, months = (int(part or 0) for part in match.groups()) if match else (0, 0)
    return years * YEAR + months or ASSUMED_TERM_MONTHS


def _plain(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01')).normalize():f}"
