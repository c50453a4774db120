"""What a deal and a field mapping come to. Values only."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.schedules.periods import PlannedInstalment
from contracts.drafts import ContractDraft, CustomerDraft
from contracts.money import Money
from crm_sync.deals import Deal, RawValue
from crm_sync.enums import HoldCode
from crm_sync.mapping.rules import NOTHING_DECIDED, Decisions, MappingRules, MappingSettings

PREVIEW = "preview-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason of a hold."""

    code: HoldCode
    field: str
    raw: str
    sentence: str
    cure: str
    key: str = ""
    """Which field mapping it is about, as `FieldRule.key`; empty where it is about none."""
    fact: str = ""
    """What the code does not tell, for whoever decides by it; see `problems`."""


class Origin(StrEnum):
    """Where a field's value comes from."""

    CRM = "crm"
    ENTERED = "entered"
    CONSTANT = "constant"
    DEFAULT = "default"
    RECKONED = "reckoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How one field got its value. `key` and `origin` serve decisions, the rest is for people."""

    key: str
    origin: Origin
    field: str
    source: str
    raw: str
    transform: str
    value: str
    crm: str = ""
    """What the CRM says, where a person's entry is used instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedDeal:
    """`contract`, `customer` and `plan` are there exactly when there are no problems."""

    deal: Deal
    fingerprint: str
    value: Money | None = None
    """The contract value, where it can be told: problems of other fields do not hide it."""
    manager_email: str = ""
    """The account manager, where it can be told."""
    says_timing: bool = False
    """The deal or a person says when it is billed; else the connection's default is taken."""
    customer: CustomerDraft | None = None
    contract: ContractDraft | None = None
    plan: Sequence[PlannedInstalment] = ()
    problems: Sequence[Problem] = ()
    trace: Sequence[Step] = ()
    needs_yes: bool = False
    """Its contract waits for somebody who decides what is billed."""
    billed_until: date | None = None
    """The last day that was billed elsewhere, by a person's decision."""

    @property
    def is_overruled(self) -> bool:
        """The CRM says something else than a person has entered here."""
        return any(step.crm for step in self.trace)


def fingerprint(
    deal: Deal, *, rules: MappingRules, settings: MappingSettings, decisions: Decisions = NOTHING_DECIDED
) -> str:
    """Changes with anything that decides what this deal becomes, and with nothing else."""
    parts = [
        deal.name,
        deal.stage,
        deal.crm_says_won,
        deal.account_id,
        deal.account_problem,
        {source_object: plain_values(values) for source_object, values in deal.fields.items()},
        *([sorted(deal.hidden_fields)] if deal.hidden_fields else []),
        *([sorted(deal.unresolved_merges)] if deal.unresolved_merges else []),
        rules.version,
        repr(settings),
        *([repr(decisions)] if decisions != NOTHING_DECIDED else []),
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def preview_mark(digest: str) -> str:
    """The fingerprint of what was only previewed: no other mode takes it for done."""
    return f"{PREVIEW}{digest}"[: len(digest)]


def plain_values(values: Mapping[str, RawValue]) -> dict[str, RawValue]:
    """Whole numbers go by way of Decimal, because the `json` module refuses to write out very long ones."""
    return {name: Decimal(value) if type(value) is int else value for name, value in values.items()}


def contract_of(one: MappedDeal) -> ContractDraft:
    if one.contract is None:
        raise ValueError(f"deal {one.deal.external_id} has problems and no contract")
    return one.contract
