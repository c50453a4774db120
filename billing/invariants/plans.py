"""What must be true of schedules and instalments, and of what they have to do with invoices."""

from contracts.invariants import with_money
from fincelo.invariants import Invariant

MONTHS = """(
    CASE contract.billing_cycle
        WHEN 'monthly' THEN 1 WHEN 'quarterly' THEN 3 WHEN 'semi_annual' THEN 6 WHEN 'annual' THEN 12
        ELSE contract.duration_months
    END
)"""
NO_MORE_OF_IT = "Suspend the contract and restore its plan from a backup."

INVARIANTS = [
    Invariant(
        number="I8",
        name="instalments_add_up_to_the_contract",
        sql="""
            SELECT contract.id, contract.name, contract.currency, contract.value_minor, plan.planned_minor
            FROM (
                SELECT schedule_id, sum(amount_minor) AS planned_minor, min(amount_minor) AS least
                FROM billing_instalment GROUP BY schedule_id
            ) plan
            JOIN billing_billingschedule schedule ON schedule.id = plan.schedule_id
            JOIN contracts_contract contract ON contract.id = schedule.contract_id
            WHERE plan.planned_minor <> contract.value_minor OR plan.least <= 0
        """,
        sentence=(
            "Contract {id}, {name}, is over {value_minor}, and its instalments add up to {planned_minor} or "
            "one of them is not above zero. " + NO_MORE_OF_IT
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I8",
        name="equal_periods_cost_the_same",
        sql="""
            SELECT part.id, contract.id AS contract_id, contract.name, contract.currency, part.sequence,
                part.amount_minor, part.first_minor
            FROM (
                SELECT id, schedule_id, sequence, amount_minor,
                    first_value(amount_minor) OVER plan AS first_minor,
                    lag(amount_minor) OVER plan AS before_minor,
                    lead(sequence) OVER plan IS NULL AS is_last
                FROM billing_instalment WINDOW plan AS (PARTITION BY schedule_id ORDER BY sequence)
            ) part
            JOIN billing_billingschedule schedule ON schedule.id = part.schedule_id
            JOIN contracts_contract contract ON contract.id = schedule.contract_id
            WHERE NOT (part.is_last AND schedule.has_short_period)
              AND (part.amount_minor > part.before_minor OR part.first_minor - part.amount_minor > 1)
        """,
        sentence=(
            "Instalment {sequence} of contract {contract_id}, {name}, is {amount_minor} where the first is "
            "{first_minor}: equal periods differ by one unit at most, the larger first. " + NO_MORE_OF_IT
        ),
        in_words=with_money,
    ),
    Invariant(
        number="I15",
        name="contract_has_a_schedule",
        sql="""
            SELECT contract.id, contract.name FROM contracts_contract contract
            LEFT JOIN billing_billingschedule schedule ON schedule.contract_id = contract.id
            WHERE schedule.id IS NULL
        """,
        sentence=(
            "Contract {id}, {name}, has no billing schedule, so nothing of it is ever billed. "
            "" + NO_MORE_OF_IT
        ),
    ),
    Invariant(
        number="I15",
        name="schedule_has_contract_and_instalments",
        sql="""
            SELECT schedule.id, schedule.contract_id,
                CASE WHEN contract.id IS NULL THEN 'its contract is gone' ELSE 'it has no instalments' END
                    AS problem
            FROM billing_billingschedule schedule
            LEFT JOIN contracts_contract contract ON contract.id = schedule.contract_id
            LEFT JOIN (SELECT DISTINCT schedule_id FROM billing_instalment) plan
                ON plan.schedule_id = schedule.id
            WHERE contract.id IS NULL OR plan.schedule_id IS NULL AND contract.value_minor > 0
        """,
        sentence=(
            "Billing schedule {id} of contract {contract_id}: {problem}. Restore the missing rows from a "
            "backup."
        ),
    ),
    Invariant(
        number="I15",
        name="instalment_has_a_schedule",
        sql="""
            SELECT instalment.id, instalment.schedule_id FROM billing_instalment instalment
            LEFT JOIN billing_billingschedule schedule ON schedule.id = instalment.schedule_id
            WHERE schedule.id IS NULL
        """,
        sentence=(
            "Instalment {id} belongs to schedule {schedule_id}, which is gone. Restore it from a backup."
        ),
    ),
    Invariant(
        number="I15",
        name="periods_tile_the_term",
        sql="""
            SELECT part.id, contract.id AS contract_id, contract.name, part.sequence, part.period_start,
                part.period_end
            FROM (
                SELECT id, schedule_id, sequence, period_start, period_end,
                    row_number() OVER plan AS place,
                    lag(period_end) OVER plan AS ended,
                    lead(sequence) OVER plan IS NULL AS is_last
                FROM billing_instalment WINDOW plan AS (PARTITION BY schedule_id ORDER BY sequence)
            ) part
            JOIN billing_billingschedule schedule ON schedule.id = part.schedule_id
            JOIN contracts_contract contract ON contract.id = schedule.contract_id
            WHERE part.sequence <> part.place
               OR part.period_start <> coalesce(part.ended, contract.start_date)
               OR part.is_last AND part.period_end <> contract.end_date
        """,
        sentence=(
            "Instalment {sequence} of contract {contract_id}, {name}, covers {period_start} up to "
            "{period_end}: that leaves a gap, overlaps or misses the contract's term. " + NO_MORE_OF_IT
        ),
    ),
    Invariant(
        number="I22",
        name="one_live_invoice_for_an_instalment",
        sql="""
            SELECT invoice.instalment_id, count(*) AS live, string_agg(
                coalesce(invoice.number, 'a draft'), ', ' ORDER BY invoice.number
            ) AS invoices
            FROM billing_invoice invoice WHERE invoice.state <> 'void'
            GROUP BY invoice.instalment_id HAVING count(*) > 1
        """,
        sentence=(
            "Instalment {instalment_id} has {live} invoices: {invoices}. Keep one, and void the others or "
            "credit them in full."
        ),
    ),
    Invariant(
        number="I22",
        name="instalment_state_follows_from_its_invoice",
        sql="""
            SELECT instalment.id, contract.id AS contract_id, contract.name, instalment.sequence,
                instalment.state, coalesce(live.invoices, 'no invoice') AS invoices
            FROM billing_instalment instalment
            LEFT JOIN (
                SELECT instalment_id, bool_or(state <> 'draft') AS is_issued,
                    bool_or(state = 'draft') AS is_drafted,
                    string_agg(coalesce('invoice ' || number, 'a draft'), ', ' ORDER BY number) AS invoices
                FROM billing_invoice WHERE state <> 'void' GROUP BY instalment_id
            ) live ON live.instalment_id = instalment.id
            JOIN billing_billingschedule schedule ON schedule.id = instalment.schedule_id
            JOIN contracts_contract contract ON contract.id = schedule.contract_id
            WHERE (instalment.state = 'invoiced') <> coalesce(live.is_issued, false)
               OR (instalment.state = 'drafted') <> coalesce(live.is_drafted, false)
        """,
        sentence=(
            "Instalment {sequence} of contract {contract_id}, {name}, is {state} and has {invoices}. Suspend "
            "the contract, so that nothing is billed twice, and correct the instalment's state."
        ),
    ),
    Invariant(
        number="I30",
        name="billing_dates_follow_from_the_term",
        sql=f"""
            SELECT instalment.id, contract.id AS contract_id, contract.name, instalment.sequence,
                instalment.period_start, instalment.billing_date
            FROM billing_instalment instalment
            JOIN billing_billingschedule schedule ON schedule.id = instalment.schedule_id
            JOIN contracts_contract contract ON contract.id = schedule.contract_id
            WHERE instalment.period_start <> (
                contract.start_date + make_interval(months => {MONTHS} * (instalment.sequence - 1))
            )::date
               OR instalment.billing_date <> CASE contract.billing_timing
                    WHEN 'in_advance' THEN instalment.period_start - contract.lead_days
                    ELSE instalment.period_end
                END
        """,  # noqa: S608  constants
        sentence=(
            "Instalment {sequence} of contract {contract_id}, {name}, from {period_start} is billed on "
            "{billing_date}, which does not follow from the contract's start, cycle and timing. "
            "" + NO_MORE_OF_IT
        ),
    ),
]
