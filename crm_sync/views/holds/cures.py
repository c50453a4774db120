"""What a hold means and what cures it. The sentence on what happened comes from the mapping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.template.defaultfilters import pluralize
from django.urls import reverse

from crm_sync.deciding_billing import DECIDES_BILLING
from crm_sync.enums import HoldCode
from crm_sync.forms.holds.cures import (
    DefaultForm,
    DismissGroupForm,
    EnterForm,
    GroupForm,
    TranslateForm,
    named_by,
)
from crm_sync.holds.entered_values import rule_of
from crm_sync.holds.groups import GroupKey, HoldGroup, cured_by_translating
from crm_sync.mapping.problems import Cure, cures_of, is_hidden, key_of
from crm_sync.models import Connection, Hold
from crm_sync.views.access import CHANGE_HOLDS, CHANGE_MAPPING, SYNC, VIEW_CONNECTIONS, VIEW_MAPPING

WHY = {
    HoldCode.AMOUNT_MISSING: "Without an amount there is nothing to bill.",
    HoldCode.AMOUNT_NOT_POSITIVE: "An invoice needs an amount above zero. Credit notes are made by people.",
    HoldCode.AMOUNT_UNREADABLE: "A misread amount would be a wrong invoice.",
    HoldCode.AMOUNT_PRECISION: "Rounding would change what the customer has agreed to.",
    HoldCode.TERM_MISSING: "Without a duration Fincelo cannot tell how many periods to bill.",
    HoldCode.TERM_UNREADABLE: "A misread duration would bill the wrong number of periods.",
    HoldCode.FREQUENCY_MISSING: "Without a billing cycle Fincelo cannot tell when to bill.",
    HoldCode.FREQUENCY_UNKNOWN: "A guessed billing cycle would bill at the wrong times.",
    HoldCode.NO_ACCOUNT: (
        "The account says who the customer is; without it there is nobody to bill. You cannot fix this here: "
        "add the account in the CRM."
    ),
    HoldCode.CUSTOMER_NAME_MISSING: "An invoice has to name who it is for.",
    HoldCode.CURRENCY_UNKNOWN: "An amount without a currency cannot be billed.",
    HoldCode.COUNTRY_UNKNOWN: "The country decides the tax, and an address without it is none.",
    HoldCode.DATE_MISSING: "The start date decides every billing date.",
    HoldCode.DATE_OUT_OF_RANGE: "A wrong start date would bill at the wrong times.",
    HoldCode.STAGE_CONFLICT: "The stage's name says won and its settings say not. One of them is wrong.",
    HoldCode.DUPLICATE_SUSPECT: "Billing the same sale twice is worse than billing it a day late.",
    HoldCode.SCHEDULE_IMPOSSIBLE: "The value is too small to be cut into that many instalments.",
    HoldCode.OVER_LIMIT: "An amount this large is more likely a slip than a sale.",
    HoldCode.TEXT_INVALID: "The text would not print on an invoice as it stands.",
    HoldCode.MERGED_DEALS: "Someone has to decide which contract is billed for the merged deal.",
    HoldCode.RECORD_UNREADABLE: "What cannot be read is never guessed, and no other deal waits for it.",
    HoldCode.WRITE_FAILED: "Nothing of this deal has been stored, and no other deal was affected.",
}
PAGES = (Cure.STAGES, Cure.TRANSLATE, Cure.DEFAULT, Cure.MAPPING)
OTHER_CONTRACTS = "Deals that are contracts already stay as they are."
NEEDS_YES = "Finance or an approver then has to approve the contract before its first invoice."
ONLY_THIS = "Other deals and the field mapping stay as they are. It can be taken back on the deal's page."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page of Fincelo where something can be done."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCure:
    """A button that cures: a step that asks before it acts, or, without `action`, a link."""

    id: str
    label: str
    right: str
    url: str = ""
    title: str = ""
    happens: str = ""
    stays: str = ""
    action: str = ""
    submit: str = ""
    form: forms.Form | None = None
    danger: bool = False

    @property
    def leads_to_contract(self) -> bool:
        """Whether it is a decision after which a held deal is billed."""
        return bool(self.action) and self.id.partition("-")[0] in ("enter", "translate", "default", "accept")


DECISIONS = {
    Cure.FREE: (
        ShownCure(
            id="free",
            label="Accept as a free contract",
            right=CHANGE_HOLDS,
            title="Is nothing to be billed for this deal?",
            happens="The deal becomes a contract over zero, without instalments and invoices.",
            stays="If the CRM is given an amount later, the contract is billed by it.",
            submit="Accept it",
        ),
        "hold-free",
    ),
    Cure.DOWNGRADE: (
        ShownCure(
            id="downgrade",
            label="Mark as a downgrade",
            right=CHANGE_HOLDS,
            title="Does this deal lower another contract?",
            happens="The deal is dismissed with that reason, and becomes no contract.",
            stays="No credit note is made automatically: change or credit the other contract on its page.",
            submit="Mark it",
        ),
        "hold-downgrade",
    ),
    Cure.ANYWAY: (
        ShownCure(
            id="accept",
            label="Import anyway",
            right=CHANGE_HOLDS,
            title="Is this a sale of its own?",
            happens="The deal becomes a contract of its own and is billed.",
            stays="The other contract with the same customer, value, currency and start date stays as it is.",
            submit="Import it",
        ),
        "hold-accept",
    ),
}
"""What a person can decide about one deal, and the address that takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProblem:
    """A problem in three lines: what happened, why it matters, what cures it."""

    code: str
    field: str
    raw: str
    what: str
    why: str
    advice: str
    cures: Sequence[ShownCure]


def permitted(cures: Sequence[ShownCure], *, request: HttpRequest) -> list[ShownCure]:
    """Those that the person may press. One that leads to a contract says whose yes it then needs."""
    mine = [cure for cure in cures if request.user.has_perm(cure.right)]
    if request.user.has_perm(DECIDES_BILLING):
        return mine
    return [
        replace(cure, happens=f"{cure.happens} {NEEDS_YES}") if cure.leads_to_contract else cure
        for cure in mine
    ]


def why(code: str) -> str:
    return WHY[HoldCode(code)] if code in HoldCode.values else ""


def shown_problem(
    problem: Mapping[str, str],
    *,
    hold: Hold,
    connection: Connection,
    place: int,
) -> ShownProblem:
    cures = [] if hold.resolved_at else cures_of(problem)
    name = GroupKey(
        connection_id=connection.pk, code=problem["code"], key=key_of(problem), raw=problem["raw"]
    )
    return ShownProblem(
        code=problem["code"],
        field=problem["field"],
        raw=problem["raw"],
        what=problem["sentence"],
        why=why(problem["code"]),
        advice=problem["cure"],
        cures=[
            cure_of_hold(cure, hold=hold, problem=problem, name=name, connection=connection, place=place)
            for cure in cures
        ],
    )


def foretold_problem(problem: Mapping[str, str], *, connection: Connection) -> ShownProblem:
    """Of a deal that is not held yet: what can be done about it is done on other pages."""
    cures = [
        page_of(cure, problem=problem, connection=connection) for cure in cures_of(problem) if cure in PAGES
    ]
    return ShownProblem(
        code=problem["code"],
        field=problem["field"],
        raw=problem["raw"],
        what=problem["sentence"],
        why=why(problem["code"]),
        advice=problem["cure"],
        cures=cures,
    )


def cure_of_hold(
    cure: Cure,
    *,
    hold: Hold,
    problem: Mapping[str, str],
    name: GroupKey,
    connection: Connection,
    place: int,
) -> ShownCure:
    if cure is Cure.TRANSLATE:
        others = len(cured_by_translating(name)) - 1
        step = translation(name, connection=connection, others=others, place=place)
        return replace(step, action=f"{step.action}?hold={hold.pk}")
    if cure is Cure.DEFAULT:
        step = default(name, connection=connection, field=problem["field"], place=place)
        return replace(step, action=f"{step.action}?hold={hold.pk}")
    if cure is Cure.ENTER:
        return entering(name, hold=hold, connection=connection, field=problem["field"], place=place)
    if cure in DECISIONS:
        step, url_name = DECISIONS[cure]
        return replace(step, action=reverse(url_name, args=[hold.pk]))
    return page_of(cure, problem=problem, connection=connection)


def entering(name: GroupKey, *, hold: Hold, connection: Connection, field: str, place: int) -> ShownCure:
    rule = rule_of(connection, key=name.key)
    return ShownCure(
        id=f"enter-{place}",
        label="Enter the value here",
        right=CHANGE_HOLDS,
        title=f"What is the {field} of this deal?",
        happens="The deal uses it from now on, also when the CRM says something else later.",
        stays=ONLY_THIS,
        action=reverse("hold-enter", args=[hold.pk]),
        submit="Enter it",
        form=EnterForm(rule=rule, initial={"key": name.key}, prefix=f"enter-{place}"),
    )


def cures_of_group(group: HoldGroup, *, connection: Connection) -> list[ShownCure]:
    name, number = group.name, group.stake.number
    hidden = GroupForm(initial=named_by(name))
    shown = []
    for cure in group.cures:
        if cure is Cure.TRANSLATE:
            others = len(cured_by_translating(name)) - number
            shown.append(translation(name, connection=connection, number=number, others=others))
        elif cure is Cure.DEFAULT:
            shown.append(default(name, connection=connection, field=group.field, number=number))
        elif cure in (Cure.STAGES, Cure.MAPPING):
            shown.append(page_of(cure, problem=group.problem, connection=connection))
    return [
        *shown,
        ShownCure(
            id="replay",
            label="Read all again",
            right=SYNC,
            title=f"Read {deals(number)} again from {connection}?",
            happens="Those that have been corrected since become contracts.",
            stays="The others stay held.",
            action=reverse("hold-group-replay"),
            submit="Read again",
            form=hidden,
        ),
        ShownCure(
            id="dismiss",
            label="Dismiss all",
            right=CHANGE_HOLDS,
            title=f"Are {deals(number)} not to be billed?",
            happens="They leave this list and will not become contracts, also when they change in the CRM.",
            stays="They stay in the history with your reason. Nothing is changed in the CRM.",
            action=reverse("hold-group-dismiss"),
            submit=f"Dismiss {deals(number)}",
            form=DismissGroupForm(initial={**named_by(name), "number": number}),
            danger=True,
        ),
    ]


def translation(
    name: GroupKey, *, connection: Connection, number: int = 1, others: int = 0, place: int = 0
) -> ShownCure:
    this = "This deal is" if number == 1 else f"All {number:,} deals are"
    more = f" So {'is' if others == 1 else 'are'} {others:,} other{pluralize(others)}." if others else ""
    return ShownCure(
        id=f"translate-{place}",
        label="Add a translation",
        right=CHANGE_MAPPING,
        title=f"What does \u201c{name.raw}\u201d mean?",
        happens=f"{this} read again with it.{more}",
        stays=OTHER_CONTRACTS,
        action=reverse("hold-group-translate"),
        submit="Add translation",
        form=TranslateForm(
            rule=rule_of(connection, key=name.key), initial=named_by(name), prefix=f"translate-{place}"
        ),
    )


def default(
    name: GroupKey, *, connection: Connection, field: str, number: int = 1, place: int = 0
) -> ShownCure:
    this = "This deal and every other" if number == 1 else f"These {number:,} deals and every other"
    return ShownCure(
        id=f"default-{place}",
        label="Set a default value",
        right=CHANGE_MAPPING,
        title=f"Which {field} should deals without one use?",
        happens=f"{this} without a value use it from now on.",
        stays=OTHER_CONTRACTS,
        action=reverse("hold-group-default"),
        submit="Set default",
        form=DefaultForm(
            rule=rule_of(connection, key=name.key), initial=named_by(name), prefix=f"default-{place}"
        ),
    )


def page_of(cure: Cure, *, problem: Mapping[str, str], connection: Connection) -> ShownCure:
    if cure is Cure.STAGES:
        url = f"{connection.get_absolute_url()}#settings"
        return ShownCure(id="stages", label="Choose stages", right=VIEW_CONNECTIONS, url=url)
    anchor = key_of(problem).partition(":")[0].replace("_", "-")
    if cure is Cure.TRANSLATE:
        asked = urlencode({"translate": problem["raw"], "field": key_of(problem)})
        return ShownCure(
            id="translate",
            label="Add a translation",
            right=VIEW_MAPPING,
            url=f"{reverse('field-mapping', args=[connection.pk])}?{asked}#translations",
        )
    if cure is Cure.DEFAULT:
        return ShownCure(
            id="default",
            label="Set a default value",
            right=VIEW_MAPPING,
            url=f"{reverse('field-mapping', args=[connection.pk])}#{anchor}",
        )
    return ShownCure(
        id="mapping",
        label="Choose another field" if is_hidden(problem) else "Change the field mapping",
        right=VIEW_MAPPING,
        url=f"{reverse('field-mapping', args=[connection.pk])}#{anchor}",
    )


def deals(number: int) -> str:
    return "1 deal" if number == 1 else f"{number:,} deals"
