"""What Fincelo has made of won deals, in the shape in which a referee tells what it has seen of them."""

from datetime import date
from decimal import Decimal

from contracts.models import Contract
from crm_sync.models import CrmDeal

Sale = tuple[str, int, str, date, str, str, str]
"""Name, minor units, currency, close date, account id, account name, owner's e-mail."""
Sales = dict[str, Sale]
DECIMALS = {"USD": 2, "EUR": 2, "JPY": 0, "BHD": 3}


def imported() -> Sales:
    """{deal id: sale}. Fails when there is a deal without a contract, or a contract without a deal."""
    rows = CrmDeal.objects.values_list(
        "external_id",
        "contract__name",
        "contract__value_minor",
        "contract__currency",
        "contract__start_date",
        "contract__customer__crm_accounts__external_id",
        "contract__customer__name",
        "contract__account_manager_email",
    )
    sales = {row[0]: row[1:] for row in rows}
    assert len(rows) == len(sales) == Contract.objects.count()
    return sales


def minor_units(amount: object, currency: str) -> int:
    scaled = Decimal(str(amount)).scaleb(DECIMALS[currency])
    assert scaled == int(scaled)
    return int(scaled)
