"""What Salesforce itself fills in when an opportunity is saved."""

from collections.abc import Mapping
from datetime import date, datetime

from demo.salesforce.columns import Row
from demo.salesforce.values import moment_text

OPEN_CATEGORY = "Pipeline"


def complete(row: Row, *, before: Row, stage: Mapping[str, object] | None, now: datetime) -> None:
    """Sets what follows from stage, amount and close date. `before` is the row as it was, or empty."""
    if row["StageName"] != before.get("StageName"):
        _enter_stage(row, was_closed=bool(before.get("IsClosed")), stage=stage or {}, now=now)
    amount, probability = row.get("Amount"), row.get("Probability")
    row["ExpectedRevenue"] = None if amount is None else float(amount) * float(probability or 0) / 100
    close_date = date.fromisoformat(str(row["CloseDate"]))
    quarter = (close_date.month - 1) // 3 + 1
    row |= {
        "FiscalYear": close_date.year,
        "FiscalQuarter": quarter,
        "Fiscal": f"{close_date.year} {quarter}",
    }


def _enter_stage(row: Row, *, was_closed: bool, stage: Mapping[str, object], now: datetime) -> None:
    """A deal closed with a future close date gets today's, in UTC; a later edit may move it ahead again."""
    closed = bool(stage.get("IsClosed"))
    row["IsClosed"] = closed
    row["IsWon"] = bool(stage.get("IsWon"))
    row["ForecastCategory"] = str(stage.get("ForecastCategory", OPEN_CATEGORY))
    row["ForecastCategoryName"] = str(stage.get("ForecastCategoryName", OPEN_CATEGORY))
    row["Probability"] = float(str(stage.get("DefaultProbability", 0)))
    row["LastStageChangeDate"] = moment_text(now)
    if closed and not was_closed:
        row["CloseDate"] = min(str(row["CloseDate"]), now.date().isoformat())
