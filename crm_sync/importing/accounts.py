"""Customers of CRM accounts. The account's id decides, never the deal and never the name."""

from collections.abc import Collection, Mapping, Sequence

from contracts import audit
from contracts.bulk import copy_rows, next_ids
from contracts.drafts import CustomerDraft
from contracts.models import AuditEntry
from contracts.operations import refresh_customers, write_customers
from crm_sync.deals import Deal
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Finding, finding
from crm_sync.models import CrmAccount

MERGED = "CRM account merged"


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


def newest_account(*, org_id: int | None) -> int:
    """Its key; 0 where there is none yet."""
    newest = CrmAccount.objects.filter(org_id=org_id).order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


def follow_merged(*, org_id: int, deals: Sequence[Deal]) -> list[Finding]:
    """The survivor of merged accounts stands for their customer. The old ids stay as they are.

    Where they stood for several customers it goes to the one that the CRM lists first: none is removed, and a
    finding says so. In the caller's transaction; three statements at most, none where nothing was merged.
    """
    merged = {
        deal.account_id: deal.account_merged_ids
        for deal in deals
        if deal.account_id and deal.account_merged_ids
    }
    if not merged:
        return []
    ids = {*merged, *(old for olds in merged.values() for old in olds)}
    rows = CrmAccount.objects.filter(org_id=org_id, external_id__in=ids).select_related("customer")
    known = {row.external_id: row for row in rows}
    heirs = {
        survivor: [known[old] for old in olds if old in known]
        for survivor, olds in merged.items()
        if survivor not in known
    }
    CrmAccount.objects.bulk_create(
        CrmAccount(org_id=org_id, external_id=survivor, customer=olds[0].customer)
        for survivor, olds in heirs.items()
        if olds
    )
    audit.record_all(entry_of(old, survivor=survivor) for survivor, olds in heirs.items() for old in olds)
    return [found for olds in heirs.values() if (found := several_customers(olds))]


def entry_of(old: CrmAccount, *, survivor: str) -> AuditEntry:
    return audit.entry(
        actor=None,
        action=MERGED,
        subject=old.customer,
        before={"account": old.external_id},
        after={"account": survivor},
    )


def several_customers(olds: Sequence[CrmAccount]) -> Finding | None:
    """What to say when accounts of more than one customer have become one."""
    names = list({old.customer_id: str(old.customer) for old in olds}.values())
    return finding(FindingCode.ACCOUNTS_MERGED, customers=names) if len(names) > 1 else None
