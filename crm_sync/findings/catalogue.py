"""The sentences of crm_sync's codes, in English. Nothing decides by them. Pure."""

from collections.abc import Mapping

from crm_sync.findings.codes import FindingCode, LintCode, Remedy
from fincelo.catalogue import Catalogue, Facts

GAP_CURE = "Choose another field in Field Mapping, or have it made readable in {crm}."
PLACES_OF_OWNERS = "Account Manager stays blank"


def zone_unknown(facts: Facts) -> str:
    told = facts["told"]
    what = f"tells the time zone {told!r}, which Fincelo does not know" if told else "tells no time zone"
    return (
        f"{facts['crm']} {what}, so the days of its deals are not known and no deal is imported. Let the "
        "access read the account's details, or choose the time zone in the settings of this connection."
    )


def owners_unreadable(facts: Facts) -> str:
    if scope := facts.get("scope"):
        return (
            f"{PLACES_OF_OWNERS}: the access token lacks the scope {scope}. "
            "Add it to the service key or private app in HubSpot."
        )
    if error := facts.get("error"):
        return f"{PLACES_OF_OWNERS}: {error}"
    return (
        "HubSpot listed an owner without an id: Account Manager stays blank for new contracts of an "
        "owner whom the list does not name."
    )


def stages_gone(facts: Facts) -> str:
    nothing = " Nothing is imported." if facts["all"] else ""
    return (
        f"No stage in {facts['crm']} is named {' or '.join(facts['stages'])}.{nothing} "
        "Choose the stages again on this connection."
    )


def field_unfit(facts: Facts) -> str:
    return f"{facts['label']} {LINT.sentence(LintCode(facts['problem']), facts)}."


def stage_missed(facts: Facts) -> str:
    what = missed(name=facts["stage"], count=facts["deals"])
    return f"{what} Select this stage on the connection if they are won."


def missed(*, name: str, count: int | None) -> str:
    """3 deals in 'Closed won' are not imported."""
    if count is None:
        return f"Deals in '{name}' are not imported."
    if count == 0:
        return f"Deals in '{name}' would not be imported; there are none."
    deals, verb = ("deal", "is") if count == 1 else ("deals", "are")
    return f"{count:,} {deals} in '{name}' {verb} not imported."


def deals_unseen(facts: Facts) -> str:
    deals = "1 deal" if facts["deals"] == 1 else f"{facts['deals']} deals"
    return f"HubSpot counts {deals} that its search does not show. The daily sweep looks for them."


def accounts_merged(facts: Facts) -> str:
    names = facts["customers"]
    return (
        f"{' and '.join(names)} are one company in the CRM now. Its deals belong to {names[0]} from now on; "
        "no customer was removed."
    )


def both_readings(facts: Facts) -> str:
    return (
        f"The term is {facts['months']} months. With the amount as {AMOUNTS[facts['means']]} the contract is "
        f"over {facts['value']}; as {AMOUNTS[facts['other']]} it would be over {facts['other_value']}."
    )


def term_below_cycle(facts: Facts) -> str:
    return (
        f"The term of {months(facts['months'])} is shorter than the billing cycle: "
        "one instalment is for all of it."
    )


def short_last_period(facts: Facts) -> str:
    return (
        f"The term of {months(facts['months'])} is no multiple of the billing cycle: the last instalment "
        f"covers {months(facts['left'])}."
    )


def months(number: int) -> str:
    return "1 month" if number == 1 else f"{number} months"


AMOUNTS: Mapping[str, str] = {
    "total": "a total contract value",
    "annual": "an annual value",
    "monthly": "a monthly value",
}
USED = "{used:,} of the day's {limit:,} API calls of this {crm} are used. "
FINDINGS: Catalogue[FindingCode] = Catalogue(
    {
        FindingCode.ZONE_UNKNOWN: zone_unknown,
        FindingCode.CURRENCY_UNKNOWN: (
            "{crm} does not tell the portal's currency. Choose the currency of deals that name none in "
            "the settings of this connection."
        ),
        FindingCode.NOT_SIGNED: (
            "Salesforce's token answer is not signed with the consumer secret that Fincelo has. "
            "Copy the secret again; if it is right, ask whoever runs your network about a proxy."
        ),
        FindingCode.OWNERS_UNREADABLE: owners_unreadable,
        FindingCode.MERGES_UNREADABLE: "Merged accounts are not followed: {error}",
        FindingCode.STAGES_GONE: stages_gone,
        FindingCode.FIELD_HIDDEN: (
            f"{{label}} is fed by {{field}}, which is not in {{crm}} or not to be seen by us. {GAP_CURE}"
        ),
        FindingCode.FIELD_UNFIT: field_unfit,
        FindingCode.STAGE_MISSED: stage_missed,
        FindingCode.MANY_LEAVERS: (
            "{deals} imported deals are no longer won in the CRM. That many at once look like a renamed "
            "stage, so nothing was suspended. Decide on this connection's page."
        ),
        FindingCode.CALLS_SHORT: USED + "Fincelo polls every 30 minutes until it is less than {below}%.",
        FindingCode.CALLS_SPENT: (
            USED + "Fincelo leaves the rest to other programs and looks again in an hour."
        ),
        FindingCode.CLOCK_AHEAD: (
            "{crm} told a time that is still to come, {moment}. Fincelo continues from the present instead, "
            "and reads the deals of the last hour again."
        ),
        FindingCode.DEAL_UNREAD: "Deal {deal} could not be read. {why}",
        FindingCode.DEALS_UNSEEN: deals_unseen,
        FindingCode.DEALS_NAMELESS: "HubSpot listed {deals} deals without a readable id.",
        FindingCode.ACCOUNTS_MERGED: accounts_merged,
        FindingCode.DEFAULT_CURRENCY: "The deal names no currency: {currency}, the default, is taken.",
        FindingCode.BOTH_READINGS: both_readings,
        FindingCode.TERM_BELOW_CYCLE: term_below_cycle,
        FindingCode.SHORT_LAST_PERIOD: short_last_period,
        FindingCode.PERIOD_STRADDLES: (
            "The period {start} to {last} goes beyond {billed_until}, up to which the deal was billed "
            "elsewhere: the whole period is billed here."
        ),
        FindingCode.MISSED_PERIODS: (
            "The oldest period to bill was missed more than 31 days ago: the contract asks before it bills. "
            "Say up to which day it was billed elsewhere, or decide on the contract."
        ),
        FindingCode.MANY_INVOICES: (
            "More than three invoices would be due at once: the contract asks before it bills."
        ),
        FindingCode.WAITS_FOR_APPROVAL: "The invoices of today wait for approval.",
        FindingCode.WORDED: "{sentence}",
    }
)

REMEDIES: Mapping[str, str] = {
    Remedy.NUMBERS_AS_TEXT: "choose a number field, or say how its numbers are written",
    Remedy.CHOOSE_NUMBER: "choose a number field",
    Remedy.CHOOSE_DATE: "choose a date field",
    Remedy.CHOOSE_TEXT: "choose a text field",
    Remedy.CHOOSE_YES_NO: "choose a yes-or-no field",
    Remedy.DAYS_AS_TEXT: "only days such as 2026-11-20 are read from it",
    Remedy.YES_NO_AS_TEXT: "only yes, no, true and false are read from it",
    Remedy.IDS_ONLY: "it holds the CRM's ids, which nobody reads; choose a field of that record",
    Remedy.NEEDS_TABLE: "each of its values needs a translation",
}
SHOWS: Mapping[str, str] = {
    "name": "which is named for {shown}",
    "choices": "whose choices show {shown}",
    "values": "whose values such as {example} look like {shown}",
}
"""What tells the unit of a duration."""
LINT: Catalogue[LintCode] = Catalogue(
    {
        LintCode.TWICE: "is filled from two CRM fields; keep one",
        LintCode.GONE: "uses {field}, which the CRM does not offer",
        LintCode.UNFED: "needs a CRM field or a default value",
        LintCode.TYPE: lambda facts: (
            f"is fed by {facts['source']}, {facts['kind']}; {REMEDIES[facts['remedy']]}"
        ),
        LintCode.UNIT_NAMED: (
            "is fed by {source}, which is named for {example}; its plain numbers are read as {unit}. Choose "
            "another field, or have it read by its translation table only"
        ),
        LintCode.UNIT_BOTH: (
            "is fed by {source}, whose values go up to {example}: months and years are both possible. Choose "
            "what its plain numbers are"
        ),
        LintCode.UNIT_UNKNOWN: (
            "is fed by {source}, and its plain numbers are read as {unit}: nothing shows yet whether they are"
        ),
        LintCode.UNIT_SHOWN: lambda facts: (
            f"is fed by {facts['source']}, {SHOWS[facts['proof']].format_map(facts)}; "
            f"its plain numbers are read as {facts['unit']}"
        ),
        LintCode.UNIT_LABEL: (
            "is fed by {source}, where \u201c{label_there}\u201d is kept as \u201c{value}\u201d, which is "
            "read as something else; add a translation for \u201c{value}\u201d"
        ),
        LintCode.TRANSFORM: "cannot be read by \u201c{transform}\u201d; choose another way",
        LintCode.CONSTANT: "is a constant without a value; enter it",
        LintCode.CONSTANT_UNREADABLE: "has a constant that cannot be read: {refusal}",
        LintCode.DEFAULT_UNREADABLE: "has a default value that cannot be read: {refusal}",
        LintCode.TRANSLATION: "has a translation of \u201c{raw}\u201d that cannot be read: {refusal}",
        LintCode.EMPTY_TABLE: "is read by its translation table only, which is empty; add translations",
        LintCode.IDLE_TABLE: "has translations, but no CRM field",
        LintCode.NO_TABLE: "is read, not translated; remove its translations",
        LintCode.OTHER_TYPE: "{conflict}",
    }
)
"""Each continues from the label of the row."""
UNADDRESSED: Catalogue[LintCode] = Catalogue(
    {
        LintCode.ADDRESS_UNMAPPED: (
            "No address is mapped, so invoices wait for the address of each new customer. Map the CRM's "
            "address fields, or enter each address on the page of the customer."
        ),
        LintCode.COUNTRY_UNMAPPED: (
            "The country of the address is not mapped, so invoices wait for the country of each new "
            "customer. Map Billing Country, give it a default, or enter it on the page of the customer."
        ),
    }
)
