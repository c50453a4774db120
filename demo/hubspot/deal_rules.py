"""What HubSpot itself writes on a deal: on entering a stage, and the calculated properties."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from demo.hubspot.pipelines import Stage
from demo.hubspot.timestamps import read_moment, write_moment

Values = dict[str, str | None]

HOME_CURRENCY_RATES = {"USD": Decimal("1"), "EUR": Decimal("1.08"), "GBP": Decimal("1.27")}


def enter_stage(*, left: Stage | None, entered: Stage, at: datetime) -> Values:
    """What a move writes. The close date changes when the deal closes, and between won and lost."""
    moment = write_moment(at)
    values: Values = {"dealstage": entered.id, f"hs_v2_date_entered_{entered.id}": moment}
    if left:
        values[f"hs_v2_date_exited_{left.id}"] = moment
    same_end = left is not None and left.closed and left.won == entered.won
    if entered.closed and not same_end:
        values["closedate"] = moment
    return values


def calculated(properties: Mapping[str, str | None], *, stage: Stage | None, created_at: datetime) -> Values:
    amount = properties.get("amount")
    return {
        "hs_is_closed": _flag(stage.closed) if stage else None,
        "hs_is_closed_won": _flag(stage.won) if stage else None,
        "hs_deal_stage_probability": stage.probability if stage else None,
        "hs_closed_amount": (amount or "0") if stage and stage.won else "0",
        "amount_in_home_currency": _in_home_currency(amount, currency=properties.get("deal_currency_code")),
        "days_to_close": _days_to_close(properties.get("closedate"), created_at=created_at),
    }


def _flag(value: bool) -> str:
    return str(value).lower()


def _in_home_currency(amount: str | None, *, currency: str | None) -> str | None:
    rate = HOME_CURRENCY_RATES.get(currency or "USD")
    if not amount or rate is None:
        return None
    try:
        return f"{(Decimal(amount) * rate).normalize():f}"
    except InvalidOperation:
        return None


def _days_to_close(close_date: str | None, *, created_at: datetime) -> str | None:
    if not close_date:
        return None
    return str(max((read_moment(close_date) - created_at).days, 0))
