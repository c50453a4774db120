"""Customers of CRM accounts. The account's id decides, never the deal and never the name."""

from collections.abc import Collection, Mapping

from contracts.bulk import copy_rows, next_ids
from contracts.drafts import CustomerDraft
from contracts.operations import refresh_customers, write_customers
from crm_sync.models import CrmAccount


def customers_for(
    *, org_id: int, drafts: Mapping[str, CustomerDraft], wanted: Collection[str]
) -> dict[str, int]:
    """The customer id for each account id. New accounts become customers only where they are wanted.

    Those that exist are brought up to date. Six statements at most.
    """
    if not drafts:
        return {}
    linked = dict(
        CrmAccount.objects.filter(org_id=org_id, external_id__in=list(drafts)).values_list(
            "external_id", "customer_id"
        )
    )
    new = [account_id for account_id in drafts if account_id in wanted and account_id not in linked]
    created = write_customers(drafts=[drafts[account_id] for account_id in new])
    if new:
        keys = next_ids(counts={CrmAccount: len(new)})[CrmAccount]
        copy_rows(
            model=CrmAccount,
            columns=("id", "org_id", "external_id", "customer_id"),
            rows=[
                (key, org_id, account_id, customer_id)
                for key, account_id, customer_id in zip(keys, new, created, strict=True)
            ],
        )
    if linked:
        refresh_customers(
            drafts={customer_id: drafts[account_id] for account_id, customer_id in linked.items()}
        )
    return linked | dict(zip(new, created, strict=True))
