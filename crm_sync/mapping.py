"""A deal and a field mapping make a contract draft, or all the problems that stand in its way. Pure."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar

from billing.periods import PlannedInstalment, plan_instalments
from billing.split import ScheduleImpossible
from contracts.drafts import ContractDraft, CustomerDraft
from contracts.enums import BillingCycle
from contracts.money import LIMIT, Money, TooLarge, TooPrecise
from contracts.terms import DateOutOfRange
from crm_sync import readers
from crm_sync.deals import Deal, RawValue
from crm_sync.enums import AmountMeans, CustomFieldHome, HoldCode, SourceObject, Target
from crm_sync.mapping_rules import FieldRule, MappingRules, MappingSettings
from crm_sync.readers import Unreadable

Value = TypeVar("Value")
CURES = {
    HoldCode.FREQUENCY_UNKNOWN: "Add a translation in Field Mapping, or correct the value in {crm}.",
    HoldCode.FREQUENCY_MISSING: "Fill it in in {crm}, or set a default value in Field Mapping.",
    HoldCode.TERM_MISSING: "Fill it in in {crm}, or set a default value in Field Mapping.",
    HoldCode.SCHEDULE_IMPOSSIBLE: "Choose a longer billing cycle in {crm}.",
    HoldCode.NO_ACCOUNT: "Give the deal an account in {crm}.",
    HoldCode.STAGE_CONFLICT: "Correct the stage's settings in {crm}, or choose other stages.",
    HoldCode.AMOUNT_UNREADABLE: "Correct it in {crm}, or map Contract Value to a number field.",
}
HIDDEN_CURE = "Have the field made readable for Fincelo in {crm}, or choose another one in Field Mapping."
USUAL_CURE = "Correct it in {crm} and sync again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason of a hold."""

    code: HoldCode
    field: str
    raw: str
    sentence: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How one field got its value."""

    field: str
    source: str
    raw: str
    transform: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedDeal:
    """`contract`, `customer` and `plan` are there exactly when there are no problems."""

    deal: Deal
    fingerprint: str
    value: Money | None = None
    """The contract value, where it can be told: problems of other fields do not hide it."""
    customer: CustomerDraft | None = None
    contract: ContractDraft | None = None
    plan: Sequence[PlannedInstalment] = ()
    problems: Sequence[Problem] = ()
    trace: Sequence[Step] = ()


def fingerprint(deal: Deal, *, rules: MappingRules, settings: MappingSettings) -> str:
    """Changes with anything that decides what this deal becomes, and with nothing else."""
    parts = [
        deal.name,
        deal.stage,
        deal.crm_says_won,
        deal.account_id,
        deal.account_problem,
        {source_object: plain_values(values) for source_object, values in deal.fields.items()},
        *([sorted(deal.hidden_fields)] if deal.hidden_fields else []),
        rules.version,
        repr(settings),
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def plain_values(values: Mapping[str, RawValue]) -> dict[str, RawValue]:
    """Whole numbers go by way of Decimal, because the `json` module refuses to write out very long ones."""
    return {name: Decimal(value) if type(value) is int else value for name, value in values.items()}


def map_deal(deal: Deal, *, rules: MappingRules, settings: MappingSettings, digest: str) -> MappedDeal:
    """Reads every field before it judges, so that a deal lists all its problems at once."""
    return DealMapper(deal=deal, rules=rules, settings=settings).run(digest)


@dataclass(slots=True, kw_only=True)
class DealMapper:
    """Collects problems and trace while it reads one deal."""

    deal: Deal
    rules: MappingRules
    settings: MappingSettings
    problems: list[Problem] = field(default_factory=list)
    trace: list[Step] = field(default_factory=list)

    def run(self, digest: str) -> MappedDeal:
        if self.deal.crm_says_won is False:
            self.hold(
                HoldCode.STAGE_CONFLICT,
                "Stage",
                readers.printable(self.deal.stage),
                "is not a won stage by its settings in the CRM",
            )
        name = self.text(Target.CUSTOMER_NAME, missing=HoldCode.CUSTOMER_NAME_MISSING, longest=500)
        if not self.deal.account_id:
            self.no_account()
        currency = self.currency()
        months = self.months()
        value = self.money(currency=currency, months=months)
        start = self.read(Target.START_DATE, HoldCode.DATE_MISSING, self.day)
        cycle = self.read(Target.BILLING_CYCLE, HoldCode.FREQUENCY_MISSING, self.cycle)
        customer, contract = self.drafts(name=name, value=value, start=start, months=months, cycle=cycle)
        plan = self.plan(contract) if contract and not self.problems else ()
        if self.problems or customer is None or contract is None:
            return MappedDeal(
                deal=self.deal,
                fingerprint=digest,
                value=value,
                problems=tuple(self.problems),
                trace=tuple(self.trace),
            )
        return MappedDeal(
            deal=self.deal,
            fingerprint=digest,
            value=value,
            customer=customer,
            contract=contract,
            plan=plan,
            trace=tuple(self.trace),
        )

    def drafts(
        self,
        *,
        name: str | None,
        value: Money | None,
        start: date | None,
        months: int | None,
        cycle: BillingCycle | None,
    ) -> tuple[CustomerDraft | None, ContractDraft | None]:
        title = self.title()
        manager = self.text(Target.ACCOUNT_MANAGER, missing=None, longest=320)
        po_number = self.text(Target.PO_NUMBER, missing=None, longest=100)
        billing_email = self.text(Target.BILLING_EMAIL, missing=None, longest=320)
        tax_id = self.text(Target.TAX_ID, missing=None, longest=64)
        address = self.read(
            Target.ADDRESS, None, lambda raw: (readers.read_lines(raw, longest=2000), "as is")
        )
        custom = self.custom_fields()
        if name is None or value is None or start is None or months is None or cycle is None:
            return None, None
        customer = CustomerDraft(
            name=name,
            billing_email=billing_email or "",
            address=address or "",
            tax_id=tax_id or "",
            custom_fields=custom[CustomFieldHome.CUSTOMER],
        )
        contract = ContractDraft(
            name=title or name,
            value=value,
            start_date=start,
            duration_months=months,
            billing_cycle=cycle,
            billing_timing=self.settings.billing_timing,
            lead_days=self.settings.lead_days,
            account_manager_email=manager or "",
            po_number=po_number or "",
            custom_fields=custom[CustomFieldHome.CONTRACT],
        )
        return customer, contract

    def plan(self, contract: ContractDraft) -> Sequence[PlannedInstalment]:
        try:
            return plan_instalments(
                value=contract.value,
                start=contract.start_date,
                months=contract.duration_months,
                cycle=contract.billing_cycle,
                timing=contract.billing_timing,
                lead_days=contract.lead_days,
            )
        except ScheduleImpossible:
            self.hold(
                HoldCode.SCHEDULE_IMPOSSIBLE,
                str(Target.BILLING_CYCLE.label),
                contract.billing_cycle.label,
                f"cuts {contract.value} into instalments of nothing",
            )
        except DateOutOfRange:
            self.hold(
                HoldCode.DATE_OUT_OF_RANGE,
                str(Target.START_DATE.label),
                contract.start_date.isoformat(),
                "leads to a term that ends too far in the future",
            )
        return ()

    def raw_of(self, rule: FieldRule) -> RawValue:
        values = self.deal.fields.get(rule.source_object, {})
        return values.get(rule.source_field) if rule.source_field else None

    def read(
        self, target: Target, missing: HoldCode | None, reader: Callable[[RawValue], tuple[Value, str]]
    ) -> Value | None:
        return self.read_rule(self.rules.rule(target), missing, reader)

    def read_rule(
        self, rule: FieldRule, missing: HoldCode | None, reader: Callable[[RawValue], tuple[Value, str]]
    ) -> Value | None:
        """The value of one field, or None after its problem was noted. An empty field takes its default."""
        raw = self.raw_of(rule)
        source = f"{rule.source_object.label}: {rule.source_field}" if rule.source_field else ""
        if (rule.source_object, rule.source_field) in self.deal.hidden_fields:
            self.cannot_see(rule, missing=missing)
            return None
        if readers.is_missing(raw):
            if readers.is_missing(rule.default_value):
                if missing is not None:
                    self.hold(
                        missing, rule.label, "", "is empty" if source else "has no CRM field and no default"
                    )
                return None
            raw, source = rule.default_value, "Default value"
        try:
            value, transform = reader(raw)
        except Unreadable as problem:
            self.hold(problem.code, rule.label, readers.printable(raw), problem.sentence)
            return None
        self.note(field=rule.label, source=source, raw=raw, transform=transform, value=shown(value))
        return value

    def text(self, target: Target, *, missing: HoldCode | None, longest: int) -> str | None:
        return self.read(target, missing, lambda raw: (readers.read_text(raw, longest=longest), "as is"))

    def title(self) -> str | None:
        if readers.is_missing(self.deal.name):
            return None
        try:
            return readers.read_text(self.deal.name, longest=500)
        except Unreadable as problem:
            self.hold(problem.code, "Deal name", readers.printable(self.deal.name), problem.sentence)
            return None

    def day(self, raw: RawValue) -> tuple[date, str]:
        is_moment = isinstance(raw, str) and len(raw.strip()) > 10
        day = readers.read_date(raw, time_zone=self.settings.time_zone)
        return day, f"date in {self.settings.time_zone}" if is_moment else "date"

    def cycle(self, raw: RawValue) -> tuple[BillingCycle, str]:
        return readers.read_cycle(raw, translations=self.rules.translations)

    def months(self) -> int | None:
        unit = self.settings.term_unit
        return self.read(
            Target.DURATION,
            HoldCode.TERM_MISSING,
            lambda raw: (
                readers.read_months(raw, unit=unit),
                f"months, bare numbers are {unit.label.lower()}",
            ),
        )

    def currency(self) -> str | None:
        rule = self.rules.rule(Target.CURRENCY)
        if not rule.source_field:
            rule = FieldRule(
                target=Target.CURRENCY,
                source_object=SourceObject.DEAL,
                source_field=self.settings.currency_field,
                default_value=rule.default_value,
            )
        if not rule.default_value:
            rule = FieldRule(
                target=Target.CURRENCY,
                source_object=rule.source_object,
                source_field=rule.source_field,
                default_value=self.settings.default_currency,
            )
        return self.read_rule(
            rule, HoldCode.CURRENCY_UNKNOWN, lambda raw: (readers.read_currency(raw), "as is")
        )

    def money(self, *, currency: str | None, months: int | None) -> Money | None:
        amount = self.read(
            Target.CONTRACT_VALUE, HoldCode.AMOUNT_MISSING, lambda raw: (readers.read_amount(raw), "number")
        )
        if amount is None or currency is None:
            return None
        means = self.settings.amount_means
        if means is not AmountMeans.TOTAL and months is None:
            return None
        label, raw = str(Target.CONTRACT_VALUE.label), readers.printable(amount)
        try:
            stated = Money.from_decimal(amount, currency=currency)
            value = (
                stated if means is AmountMeans.TOTAL else over_term(stated, means=means, months=months or 0)
            )
        except TooPrecise:
            self.hold(HoldCode.AMOUNT_PRECISION, label, raw, f"has more decimals than {currency} has")
            return None
        except TooLarge:
            self.hold(HoldCode.OVER_LIMIT, label, raw, "is more than Fincelo can bill")
            return None
        if not value.is_positive:
            self.hold(HoldCode.AMOUNT_NOT_POSITIVE, label, raw, "comes to nothing over the contract's term")
            return None
        if means is not AmountMeans.TOTAL:
            self.note(
                field=label,
                source="Amount means",
                raw=str(stated),
                transform=f"{means.label.lower()}, over {months} months",
                value=str(value),
            )
        return value

    def custom_fields(self) -> dict[CustomFieldHome, dict[str, str]]:
        homes: dict[CustomFieldHome, dict[str, str]] = {home: {} for home in CustomFieldHome}
        for rule in self.rules.rules:
            if rule.target is Target.CUSTOM:
                text = self.read_rule(rule, None, lambda raw: (readers.read_text(raw, longest=2000), "as is"))
                if text is not None:
                    homes[rule.custom_home][rule.custom_label] = text
        return homes

    def no_account(self) -> None:
        self.problems = [one for one in self.problems if one.code is not HoldCode.CUSTOMER_NAME_MISSING]
        self.hold(
            HoldCode.NO_ACCOUNT,
            str(Target.CUSTOMER_NAME.label),
            "",
            self.deal.account_problem
            or f"The deal has no account or company in {self.settings.provider_name}.",
        )

    def cannot_see(self, rule: FieldRule, *, missing: HoldCode | None) -> None:
        """A value that is unknown is not empty: no default stands in for it."""
        if missing is not None:
            crm = self.settings.provider_name
            what = f"is fed by {rule.source_field}, which is not in {crm} or is hidden from Fincelo"
            self.hold(missing, rule.label, "", what, cure=HIDDEN_CURE)

    def hold(self, code: HoldCode, label: str, raw: str, what: str, *, cure: str = "") -> None:
        shown_raw = f" \u201c{raw}\u201d" if raw else ""
        sentence = what if what.endswith(".") else f"{label}{shown_raw} {what}."
        told = (cure or CURES.get(code, USUAL_CURE)).format(crm=self.settings.provider_name)
        self.problems.append(Problem(code=code, field=label, raw=raw, sentence=sentence, cure=told))

    def note(self, *, field: str, source: str, raw: RawValue, transform: str, value: str) -> None:
        self.trace.append(
            Step(field=field, source=source, raw=readers.printable(raw), transform=transform, value=value)
        )


def over_term(stated: Money, *, means: AmountMeans, months: int) -> Money:
    """The whole term's value of an annual or monthly one, half a unit rounded up. Whole numbers only."""
    minor = stated.minor * months
    if means is AmountMeans.ANNUAL:
        minor = (2 * minor + 12) // 24
    if minor >= LIMIT:
        raise TooLarge("The whole term's value is more than Fincelo can bill.")
    return Money(minor=minor, currency=stated.currency)


def shown(value: object) -> str:
    return str(value.label) if isinstance(value, BillingCycle) else str(value)
