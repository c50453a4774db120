"""How much of the value lists in `cases/` is right, curable by one offered cure, or wrong.

`python -m tests.crm_sync.vocabulary` prints the shares. No database is needed.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from contracts.enums import BillingCycle, BillingTiming
from crm_sync.deals import CrmField
from crm_sync.enums import HoldCode, SourceObject, Target
from crm_sync.mapping.lint import lint
from crm_sync.mapping.problems import Cure, cures_of
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.result import MappedDeal, Problem
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.suggestions import propose
from crm_sync.mapping.transforms import stored_form
from crm_sync.mapping.words import same_words
from tests.crm_sync.deal_values import a_deal, mapped, rules_with, settings_with

CASES = Path(__file__).parent / "cases"
CYCLES = frozenset(BillingCycle.values)
OPPOSITE = {
    "in_advance": BillingTiming.IN_ARREARS,
    "in_arrears": BillingTiming.IN_ADVANCE,
    None: BillingTiming.IN_ADVANCE,
}
"""The connection's default, so that a timing that is said and dropped shows."""


class Share(StrEnum):
    RIGHT = "right"
    CURABLE = "curable by one offered cure"
    STUCK = "held without a true cure"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    file: str
    place: str
    value: str
    share: Share


def cases_of(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASES / name).read_text())["cases"]
    return found


def entries_of(name: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each value with the list it is in."""
    for listed in cases_of(name):
        for entry in listed["values"]:
            yield listed, entry


def problem_of(problem: Problem) -> dict[str, str]:
    return {"code": problem.code.value, "key": problem.key, "raw": problem.raw, "cure": problem.cure}


def offered_for(one: MappedDeal) -> list[Cure]:
    return [cure for problem in one.problems for cure in cures_of(problem_of(problem))]


def judge_cycle(entry: Mapping[str, Any]) -> Share:
    timing = entry.get("timing")
    settings = settings_with(billing_timing=OPPOSITE[timing])
    one = mapped(a_deal(frequency=entry["value"]), settings=settings)
    expected = (entry["means"], timing or "in_advance")
    if one.contract is not None:
        made = (one.contract.billing_cycle.value, one.contract.billing_timing.value)
        return Share.RIGHT if made == expected else Share.WRONG
    if {problem.code for problem in one.problems} != {HoldCode.FREQUENCY_UNKNOWN}:
        return Share.STUCK
    offers = Cure.TRANSLATE in offered_for(one)
    if entry["means"] not in CYCLES:
        untrue = entry["means"] == "not_billed_so" and offers
        return Share.STUCK if untrue else Share.RIGHT
    if not offers:
        return Share.STUCK
    return translated(Target.BILLING_CYCLE, entry, meant=f"{entry['means']} {timing or ''}".strip())


def translated(target: Target, entry: Mapping[str, Any], *, meant: str) -> Share:
    """With the one translation that the hold offers."""
    timing = entry.get("timing")
    settings = settings_with(billing_timing=OPPOSITE[timing])
    try:
        stored = stored_form(FieldRule(target=target), text=meant, settings=settings)
    except Unreadable:
        return Share.STUCK
    rules = rules_with(translations={target.value: {same_words(entry["value"]): stored}})
    field = {Target.BILLING_CYCLE: "frequency", Target.DURATION: "term"}[target]
    contract = mapped(a_deal(**{field: entry["value"]}), rules=rules, settings=settings).contract
    if contract is None:
        return Share.STUCK
    if target is Target.DURATION:
        return Share.CURABLE if contract.duration_months == entry["means"] else Share.WRONG
    made = (contract.billing_cycle.value, contract.billing_timing.value)
    return Share.CURABLE if made == (entry["means"], timing or "in_advance") else Share.WRONG


def judge_term(listed: Mapping[str, Any], entry: Mapping[str, Any]) -> Share:
    months, problem = entry["means"], mapped(a_deal(term=entry["value"]))
    if problem.contract is not None:
        if problem.contract.duration_months == months:
            return Share.RIGHT
        return Share.RIGHT if months == "ambiguous" and asks(listed) else Share.WRONG
    if not isinstance(months, int):
        return Share.RIGHT
    if Cure.TRANSLATE not in offered_for(problem):
        return Share.STUCK
    return translated(Target.DURATION, entry, meant=f"{months} months")


def asks(listed: Mapping[str, Any]) -> bool:
    """Whether the mapping cannot be confirmed before a person has chosen the unit of such a list."""
    values = [entry["value"] for entry in listed["values"]]
    field = term_field(label="Contract Term", type_name="picklist", options=values)
    return is_asked(proposed(field), field=field)


def term_field(
    *, label: str, type_name: str, samples: Sequence[str] = (), options: Sequence[str] = ()
) -> CrmField:
    return CrmField(
        source_object=SourceObject.DEAL,
        name=f"{label.replace(' ', '_').replace('(', '').replace(')', '')}__c",
        label=label,
        type=type_name,
        options=tuple((value, value) for value in options),
        samples=tuple(samples),
    )


def proposed(field: CrmField) -> FieldRule:
    """What connect proposes for Contract Duration where this is the only custom field."""
    rules = propose(provider="salesforce", fields=[field])
    return next(rule for rule in rules if rule.target is Target.DURATION)


def is_asked(rule: FieldRule, *, field: CrmField) -> bool:
    found = lint(rules=rules_with(rule), fields=[field], settings=settings_with())
    return any(one.blocking and one.key == Target.DURATION for one in found)


def judge_field(case: Mapping[str, Any]) -> Share:
    field = term_field(label=case["label"], type_name=case["type"], samples=case["samples"])
    rules = propose(provider="salesforce", fields=[field])
    fed = {rule.target: rule for rule in rules if rule.source_field == field.name}
    if case["target"] == "none":
        return Share.WRONG if fed else Share.RIGHT
    if set(fed) != {Target.DURATION}:
        return Share.WRONG if fed else Share.STUCK
    rule, wanted = fed[Target.DURATION], case["unit_or_reason"]
    if wanted.startswith("ask"):
        return Share.RIGHT if is_asked(rule, field=field) else Share.WRONG
    if wanted == "as written":
        return Share.RIGHT if not is_asked(rule, field=field) else Share.STUCK
    unit = rule.term_unit or settings_with().term_unit
    return Share.RIGHT if unit == wanted else Share.WRONG


def judged() -> list[Judged]:
    found = [
        Judged(file="vocabulary_cycle", place=listed["list"], value=entry["value"], share=judge_cycle(entry))
        for listed, entry in entries_of("vocabulary_cycle.json")
    ]
    found += [
        Judged(
            file="vocabulary_term",
            place=listed["list"],
            value=entry["value"],
            share=judge_term(listed, entry),
        )
        for listed, entry in entries_of("vocabulary_term.json")
    ]
    return found + [
        Judged(file="term_fields", place="", value=case["label"], share=judge_field(case))
        for case in cases_of("term_fields.json")
    ]


def main() -> None:
    found = judged()
    for name in dict.fromkeys(one.file for one in found):
        counts = Counter(one.share for one in found if one.file == name)
        shares = ", ".join(f"{share.value} {counts[share]}" for share in Share)
        print(f"{name}: {counts.total()} entries: {shares}")
    for one in found:
        if one.share is not Share.RIGHT:
            print(f"  {one.file} {one.place} {one.value!r}: {one.share}")


if __name__ == "__main__":
    main()
