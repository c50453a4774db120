"""A deal and a field mapping make a contract draft, or all the problems that stand in its way. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing.schedules.periods import PlannedInstalment, plan_instalments
from billing.schedules.split import ScheduleImpossible
from billing.tax import rate_of
from contracts.drafts import ContractDraft, CustomerDraft
from contracts.enums import CustomFieldHome
from contracts.money import LIMIT, Money, TooLarge, TooPrecise
from contracts.tax_ids import tax_ids_of
from contracts.terms import DateOutOfRange, term
from crm_sync.deals import Deal, RawValue
from crm_sync.enums import AmountMeans, HoldCode, Target, Transform
from crm_sync.mapping import readers
from crm_sync.mapping.compiled import FieldReader, FieldReaders
from crm_sync.mapping.problems import CONTRADICTS, HIDDEN, advice
from crm_sync.mapping.readers import Unreadable, ZeroAmount
from crm_sync.mapping.result import MappedDeal, Origin, Problem, Step
from crm_sync.mapping.rhythms import Rhythm, Timing
from crm_sync.mapping.rules import (
    NOTHING_DECIDED,
    Decisions,
    FieldRule,
    MappingSettings,
)
from crm_sync.mapping.transforms import beside, missing_code

PARTICULARS = (
    Target.BILLING_EMAIL,
    Target.ADDRESS,
    Target.POST_CODE,
    Target.CITY,
    Target.REGION,
    Target.COUNTRY,
)
"""Texts of the customer that the draft names as the mapping does."""


def map_deal(
    deal: Deal,
    *,
    fields: FieldReaders,
    settings: MappingSettings,
    digest: str,
    decisions: Decisions = NOTHING_DECIDED,
) -> MappedDeal:
    """Reads every field before it judges, so that a deal lists all its problems at once.

    `fields`: compiled once for a run with these settings.
    """
    return DealMapper(deal=deal, fields=fields, settings=settings, decisions=decisions).run(digest)


@dataclass(slots=True, kw_only=True)
class DealMapper:
    """Collects problems and trace while it reads one deal."""

    deal: Deal
    fields: FieldReaders
    settings: MappingSettings
    decisions: Decisions
    problems: list[Problem] = field(default_factory=list)
    trace: list[Step] = field(default_factory=list)

    def run(self, digest: str) -> MappedDeal:
        if self.deal.crm_says_won is False:
            what = "is not a won stage by its settings in the CRM"
            self.hold(HoldCode.STAGE_CONFLICT, "Stage", readers.printable(self.deal.stage), what)
        name = self.read(Target.CUSTOMER_NAME)
        if not self.deal.account_id:
            self.no_account()
        currency = self.read(Target.CURRENCY)
        months = self.read(Target.DURATION)
        value = self.money(currency=currency, months=months)
        start = self.read(Target.START_DATE)
        rhythm = self.rhythm()
        manager = self.read(Target.ACCOUNT_MANAGER) or ""
        customer, contract = self.drafts(
            name=name, value=value, start=start, months=months, rhythm=rhythm, manager=manager
        )
        plan = self.plan(contract) if contract and not self.problems else ()
        mapped = MappedDeal(
            deal=self.deal,
            fingerprint=digest,
            value=value,
            manager_email=manager,
            says_timing=rhythm is not None and rhythm.timing is not None,
            problems=tuple(self.problems),
            trace=tuple(self.trace),
        )
        if self.problems or customer is None or contract is None:
            return mapped
        return replace(mapped, customer=customer, contract=contract, plan=plan)

    def drafts(
        self,
        *,
        name: str | None,
        value: Money | None,
        start: date | None,
        months: int | None,
        rhythm: Rhythm | None,
        manager: str,
    ) -> tuple[CustomerDraft | None, ContractDraft | None]:
        title = self.title()
        po_number = self.read(Target.PO_NUMBER)
        particulars = self.particulars()
        custom = self.custom_fields()
        if name is None or value is None or start is None or months is None or rhythm is None:
            return None, None
        customer = CustomerDraft(name=name, custom_fields=custom[CustomFieldHome.CUSTOMER], **particulars)
        timing, lead_days = self.settings.billed(rhythm.timing)
        contract = ContractDraft(
            name=title or name,
            value=value,
            start_date=start,
            duration_months=months,
            billing_cycle=rhythm.cycle,
            billing_timing=timing,
            lead_days=lead_days,
            account_manager_email=manager,
            po_number=po_number or "",
            custom_fields=custom[CustomFieldHome.CONTRACT],
        )
        return customer, contract

    def particulars(self) -> dict[str, Any]:
        """What invoices name of the customer beside its name, by column of the draft."""
        street = [self.read(target) or "" for target in (Target.STREET, Target.STREET_2)]
        rate = self.read(Target.TAX_RATE)
        ids = tax_ids_of(self.read(Target.TAX_ID) or "")
        texts = {target.value: self.read(target) or "" for target in PARTICULARS}
        return {
            **texts,
            "street": "\n".join(line for line in street if line),
            "vat_id": ids.vat_id,
            "tax_number": ids.tax_number,
            "tax_rate": None if rate is None else rate_of(percent=rate),
        }

    def plan(self, contract: ContractDraft) -> Sequence[PlannedInstalment]:
        """The instalments; a free contract has none."""
        try:
            if contract.value.minor == 0:
                term(start=contract.start_date, months=contract.duration_months)
                return ()
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
                f"cuts {contract.value} into invoices of zero",
                key=Target.BILLING_CYCLE.value,
            )
        except DateOutOfRange:
            self.hold(
                HoldCode.DATE_OUT_OF_RANGE,
                str(Target.START_DATE.label),
                contract.start_date.isoformat(),
                "leads to a term that ends too far in the future",
                key=Target.START_DATE.value,
            )
        return ()

    def rhythm(self) -> Rhythm | None:
        """The cycle with the timing that a person, a field of its own or the cycle's words name."""
        rhythm: Rhythm | None = self.read(Target.BILLING_CYCLE)
        timing: Timing | None = self.read(Target.BILLING_TIMING)
        if rhythm is None or timing is None:
            return rhythm
        field_reader = self.fields.by_target[Target.BILLING_TIMING]
        rule = field_reader.rule
        if rhythm.timing is None or field_reader.key in self.decisions.overrides:
            return replace(rhythm, timing=timing)
        raw = self.raw_of(rule)
        if field_reader.applied is not Transform.CONSTANT and readers.is_missing(raw):
            return rhythm  # a default is for deals that say nothing
        if rhythm.timing.contradicts(timing):
            said, what = readers.printable(raw), f"contradicts the Billing Cycle \u201c{rhythm.label}\u201d"
            self.hold(HoldCode.FREQUENCY_UNKNOWN, rule.label, said, what, fact=CONTRADICTS, key=rule.key)
            return None
        return replace(rhythm, timing=timing)

    def raw_of(self, rule: FieldRule) -> RawValue:
        values = self.deal.fields.get(rule.source_object, {})
        return values.get(rule.source_field) if rule.source_field else None

    def read(self, target: Target) -> Any:
        return self.read_field(self.fields.by_target[target])

    def read_field(self, one: FieldReader) -> Any:
        """The value of one field, or None after its problem was noted.

        What a person entered for this deal comes first, then the CRM's value, then the default.
        """
        rule, source, reader = one.rule, one.source, one.from_crm
        raw = self.raw_of(rule)
        crm, origin = "", Origin.CRM
        if one.key in self.decisions.overrides:
            crm = "" if readers.is_missing(raw) else readers.printable(raw)
            said = f", the CRM says \u201c{crm}\u201d" if crm else ""
            reader = beside(raw, reader=one.entered)
            raw, source = self.decisions.overrides[one.key], f"Entered here{said}"
            origin = Origin.ENTERED
        elif one.applied is Transform.CONSTANT:
            raw, source, origin, reader = rule.default_value, "Constant", Origin.CONSTANT, one.entered
        elif (rule.source_object, rule.source_field) in self.deal.hidden_fields:
            self.cannot_see(rule)
            return None
        elif readers.is_missing(raw):
            if readers.is_missing(rule.default_value):
                self.is_empty(rule, has_source=bool(source))
                return None
            raw, source, origin, reader = rule.default_value, "Default value", Origin.DEFAULT, one.entered
        try:
            value, transform = reader(raw)
        except Unreadable as problem:
            if not (isinstance(problem, ZeroAmount) and self.decisions.free_accepted):
                self.hold(problem.code, one.label, readers.printable(raw), problem.sentence, key=one.key)
                return None
            value, transform = Decimal(0), "accepted as a free contract"
        self.trace.append(
            Step(
                key=one.key,
                origin=origin,
                field=one.label,
                source=source,
                raw=readers.printable(raw),
                transform=transform,
                value=shown(value),
                crm=crm,
            )
        )
        return value

    def is_empty(self, rule: FieldRule, *, has_source: bool) -> None:
        code = missing_code(rule)
        if code is not None:
            what = "is empty" if has_source else "has no CRM field and no default"
            self.hold(code, rule.label, "", what, key=rule.key)

    def title(self) -> str | None:
        if readers.is_missing(self.deal.name):
            return None
        try:
            return readers.read_text(self.deal.name, longest=500)
        except Unreadable as problem:
            self.hold(problem.code, "Deal name", readers.printable(self.deal.name), problem.sentence)
            return None

    def money(self, *, currency: str | None, months: int | None) -> Money | None:
        amount = self.read(Target.CONTRACT_VALUE)
        if amount is None or currency is None:
            return None
        means = self.settings.amount_means
        if means is not AmountMeans.TOTAL and months is None:
            return None
        label, key = str(Target.CONTRACT_VALUE.label), Target.CONTRACT_VALUE.value
        raw = readers.printable(amount)
        try:
            stated = Money.from_decimal(amount, currency=currency)
            value = (
                stated if means is AmountMeans.TOTAL else over_term(stated, means=means, months=months or 0)
            )
        except TooPrecise:
            self.hold(
                HoldCode.AMOUNT_PRECISION, label, raw, f"has more decimals than {currency} has", key=key
            )
            return None
        except TooLarge:
            self.hold(HoldCode.OVER_LIMIT, label, raw, "is more than Fincelo can bill", key=key)
            return None
        is_free = amount == 0 and self.decisions.free_accepted
        if not value.is_positive and not is_free:
            self.hold(
                HoldCode.AMOUNT_NOT_POSITIVE, label, raw, "adds up to zero over the contract's term", key=key
            )
            return None
        if means is not AmountMeans.TOTAL:
            self.trace.append(
                Step(
                    key=key,
                    origin=Origin.RECKONED,
                    field=label,
                    source="Amount means",
                    raw=str(stated),
                    transform=f"{means.label.lower()}, over {months} months",
                    value=str(value),
                )
            )
        return value

    def custom_fields(self) -> dict[CustomFieldHome, dict[str, str]]:
        homes: dict[CustomFieldHome, dict[str, str]] = {home: {} for home in CustomFieldHome}
        for one in self.fields.custom:
            value = self.read_field(one)
            if value is not None:
                homes[one.rule.custom_home][one.rule.custom_label] = stored_value(value)
        return homes

    def no_account(self) -> None:
        self.problems = [one for one in self.problems if one.code is not HoldCode.CUSTOMER_NAME_MISSING]
        crm = self.settings.provider_name
        self.note(
            HoldCode.NO_ACCOUNT,
            str(Target.CUSTOMER_NAME.label),
            "",
            self.deal.account_problem or f"The deal has no account or company in {crm}.",
            fact="",
            key=Target.CUSTOMER_NAME.value,
        )

    def cannot_see(self, rule: FieldRule) -> None:
        """A value that is unknown is not empty: no default stands in for it."""
        code = missing_code(rule)
        if code is not None:
            crm = self.settings.provider_name
            what = f"is fed by {rule.source_field}, which is not in {crm} or is hidden from Fincelo"
            self.hold(code, rule.label, "", what, fact=HIDDEN, key=rule.key)

    def hold(self, code: HoldCode, label: str, raw: str, what: str, *, fact: str = "", key: str = "") -> None:
        """`what`: continues from the field's name and its value."""
        shown_raw = f" \u201c{raw}\u201d" if raw else ""
        self.note(code, label, raw, f"{label}{shown_raw} {what}.", fact=fact, key=key)

    def note(self, code: HoldCode, label: str, raw: str, sentence: str, *, fact: str, key: str) -> None:
        told = advice(
            {"code": code.value, "key": key, "raw": raw, "fact": fact}, crm=self.settings.provider_name
        )
        self.problems.append(
            Problem(code=code, field=label, raw=raw, sentence=sentence, cure=told, key=key, fact=fact)
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
    return value.label if isinstance(value, Rhythm | Timing) else stored_value(value)


def stored_value(value: object) -> str:
    """A custom field's value as it is kept: plain digits, an ISO day, Yes or No, or the text itself."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
