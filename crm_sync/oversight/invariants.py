"""What must be true of import records, cursors and leases."""

from crm_sync.clients.facts import ProviderFacts
from crm_sync.clients.registry import PROVIDERS
from fincelo.invariants import Invariant


def ids_of(crm: ProviderFacts) -> Invariant:
    """For a CRM all of whose ids have the same length."""
    return Invariant(
        number="I3",
        name=f"{crm.key}_ids_have_{crm.id_length}_characters",
        sql=f"""
            SELECT row.external_id, row.kind, org.external_id AS org FROM (
                SELECT org_id, external_id, 'Deal' AS kind FROM crm_sync_crmdeal
                UNION ALL
                SELECT org_id, external_id, 'Account' FROM crm_sync_crmaccount
            ) row
            JOIN crm_sync_crmorg org ON org.id = row.org_id AND org.provider = '{crm.key}'
            WHERE length(row.external_id) <> {crm.id_length}
        """,  # noqa: S608  the registry's own words
        sentence=(
            f"{{kind}} {{external_id}} of {crm.name} org {{org}} is not stored by its {crm.id_length} "
            "characters, so it may be imported a second time under them. Lengthen the id before the next "
            "sync."
        ),
    )


INVARIANTS = [
    Invariant(
        number="I1",
        name="one_record_for_a_deal",
        sql="""
            SELECT deal.external_id, org.provider, org.external_id AS org, count(*) AS records
            FROM crm_sync_crmdeal deal JOIN crm_sync_crmorg org ON org.id = deal.org_id
            GROUP BY org.id, deal.external_id HAVING count(*) > 1
        """,
        sentence=(
            "Deal {external_id} of {provider} org {org} has {records} import records. Suspend the contracts "
            "of all but one, and credit what was billed for them."
        ),
    ),
    Invariant(
        number="I1",
        name="one_deal_for_a_contract",
        sql="""
            SELECT contract_id, string_agg(external_id, ', ' ORDER BY external_id) AS deals
            FROM crm_sync_crmdeal WHERE contract_id IS NOT NULL
            GROUP BY contract_id HAVING count(*) > 1
        """,
        sentence=(
            "Contract {contract_id} is the contract of several deals: {deals}. Find out which of them it was "
            "made for, and clear the others, so that the next sync gives each its own."
        ),
    ),
    Invariant(
        number="I2",
        name="one_customer_for_an_account",
        sql="""
            SELECT account.external_id, org.provider, org.external_id AS org, count(*) AS customers
            FROM crm_sync_crmaccount account JOIN crm_sync_crmorg org ON org.id = account.org_id
            GROUP BY org.id, account.external_id HAVING count(*) > 1
        """,
        sentence=(
            "Account {external_id} of {provider} org {org} stands for {customers} customers. Decide which of "
            "them is the right one and remove the other links."
        ),
    ),
    *(ids_of(crm) for crm in PROVIDERS.values() if crm.id_length),
    Invariant(
        number="I5",
        name="imported_deal_has_its_contract",
        sql="""
            SELECT deal.id, deal.name, deal.external_id, deal.state FROM crm_sync_crmdeal deal
            LEFT JOIN contracts_contract contract ON contract.id = deal.contract_id
            WHERE (deal.state = 'imported') <> (contract.id IS NOT NULL)
        """,
        sentence=(
            "Deal {external_id}, {name}, is {state}, which does not go with whether its contract is there. "
            "Restore the contract from a backup; a second one would be billed twice."
        ),
    ),
    Invariant(
        number="I6",
        name="one_row_for_an_org",
        sql="""
            SELECT external_id, provider, count(*) AS rows FROM crm_sync_crmorg
            GROUP BY provider, external_id HAVING count(*) > 1
        """,
        sentence=(
            "{provider} org {external_id} is stored {rows} times, so its deals may be imported as often. "
            "Pause its connections and join the rows."
        ),
    ),
    Invariant(
        number="I13",
        name="contract_has_its_import_record",
        sql="""
            SELECT contract.id, contract.name FROM contracts_contract contract
            LEFT JOIN crm_sync_crmdeal deal ON deal.contract_id = contract.id
            WHERE deal.id IS NULL
        """,
        sentence=(
            "Contract {id}, {name}, has no import record, so its deal may be imported a second time. Suspend "
            "it, and find out whether another contract was made for the same deal."
        ),
    ),
    Invariant(
        number="I16",
        name="running_run_holds_the_lease",
        sql="""
            SELECT run.id, connection.name, run.state, run.lease_token, coalesce(lease.token, 0) AS token
            FROM crm_sync_syncrun run
            JOIN crm_sync_connection connection ON connection.id = run.connection_id
            LEFT JOIN crm_sync_connectionlease lease ON lease.connection_id = run.connection_id
            WHERE run.lease_token > coalesce(lease.token, 0)
               OR run.state = 'running' AND run.lease_token <> coalesce(lease.token, 0)
        """,
        sentence=(
            "A run of {name} is {state} with lease {lease_token}, and the connection's lease is {token}: two "
            "runs may write at once. Stop the workers, then start one and sync."
        ),
    ),
    Invariant(
        number="I18",
        name="cursor_is_not_ahead",
        sql="""
            SELECT id, name, cursor_modified_at, cursor_window_end FROM crm_sync_connection
            WHERE cursor_modified_at > now() + interval '1 day' OR cursor_window_end < cursor_modified_at
        """,
        sentence=(
            "The cursor of {name} stands at {cursor_modified_at}, ahead of the clock or past its own window, "
            "so changed deals may be passed over. Run `manage.py sync_crm --full` for it."
        ),
    ),
    Invariant(
        number="I19",
        name="held_deal_has_one_open_hold",
        sql="""
            SELECT deal.id, deal.external_id, deal.name, deal.state, coalesce(open.holds, 0) AS holds
            FROM crm_sync_crmdeal deal
            LEFT JOIN (
                SELECT crm_deal_id, count(*) AS holds FROM crm_sync_hold WHERE resolved_at IS NULL
                GROUP BY crm_deal_id
            ) open ON open.crm_deal_id = deal.id
            WHERE coalesce(open.holds, 0) <> CASE deal.state WHEN 'held' THEN 1 ELSE 0 END
        """,
        sentence=(
            "Deal {external_id}, {name}, is {state} and has {holds} open holds, so it may wait where nobody "
            "sees it. Read it again with `manage.py sync_crm --deal {external_id}`."
        ),
    ),
    Invariant(
        number="I20",
        name="connection_is_swept_daily",
        sql="""
            SELECT id, name, last_sweep_at FROM crm_sync_connection
            WHERE state IN ('connected', 'degraded') AND mapping_version_id IS NOT NULL
              AND cursor_modified_at IS NOT NULL
              AND greatest(created_at, live_since, last_sweep_at) < now() - interval '2 days'
        """,
        sentence=(
            "{name} was not swept for two days, so nothing proves that no deal is missing. Run "
            "`manage.py sync_crm --sweep`, and look at its runs for what stopped the daily one."
        ),
    ),
]
