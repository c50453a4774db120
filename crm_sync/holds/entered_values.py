"""Values that people enter for one deal. They win over the CRM until somebody takes them back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from contracts.money import AmountRefused, Money
from crm_sync.enums import Target
from crm_sync.holds.deciding import UnableToDecideHold, asking, open_hold
from crm_sync.mapping.problems import Cure, cures_of, key_of
from crm_sync.mapping.readers import Unreadable, is_missing
from crm_sync.mapping.rules import FieldRule, parse_key
from crm_sync.mapping.store import UnableToChangeMapping, confirmed_rules, settings_of
from crm_sync.mapping.transforms import beside, entered_reader
from crm_sync.mapping.wording import entered_words
from crm_sync.models import Connection, CrmDeal, Hold, SyncRecord

LONGEST_REASON = 1000
LONGEST_VALUE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a person entered for a field, and what the CRM says of it."""

    key: str
    label: str
    value: str
    crm: str
    reason: str
    by: str
    at: datetime


def enter_value(
    *, hold: Hold, key: str, value: str, reason: str, actor: AbstractBaseUser, at: datetime
) -> None:
    """For this deal alone, and whatever the CRM says later. The next sync of the deal uses it."""
    if not reason.strip():
        raise UnableToDecideHold("Say why the value is entered here and not in the CRM.")
    with transaction.atomic():
        locked = open_hold(hold)
        if not any(key_of(one) == key and Cure.ENTER in cures_of(one) for one in locked.problems):
            raise UnableToDecideHold(
                "This field no longer holds up the deal, or entering a value cannot fix it."
            )
        deal = locked.crm_deal
        connection = Connection.objects.get(pk=deal.connection_id)
        rule = rule_of(connection, key=key)
        said = next((one["raw"] for one in locked.problems if key_of(one) == key), "")
        entered = checked(value, rule=rule, connection=connection, words=said)
        if rule.target is Target.CONTRACT_VALUE and locked.currency:
            refuse_fractions(entered, currency=locked.currency)
        entry = {
            "value": entered,
            "reason": reason.strip()[:LONGEST_REASON],
            "by": actor.get_username(),
            "at": at.isoformat(timespec="seconds"),
        }
        before = deal.overrides.get(key, {})
        store(deal, overrides={**deal.overrides, key: entry}, actor=actor)
        audit.record(
            actor=actor,
            action="value entered here",
            subject=deal,
            before={rule.label: before.get("value")},
            after={rule.label: entered},
            reason=entry["reason"],
        )


def checked(value: str, *, rule: FieldRule, connection: Connection, words: str = "") -> str:
    """The value as it is kept, if it is one of that field. Raises UnableToChangeMapping.

    `words`: what the CRM says instead.
    """
    entered = value.strip()
    if is_missing(entered):
        raise UnableToChangeMapping(f"Enter a value for {rule.label}.")
    if len(entered) > LONGEST_VALUE:
        raise UnableToChangeMapping(f"{rule.label} is longer than {LONGEST_VALUE:,} characters. Shorten it.")
    try:
        beside(words, reader=entered_reader(rule, settings=settings_of(connection)))(entered)
    except Unreadable as problem:
        raise UnableToChangeMapping(f"{rule.label} \u201c{entered}\u201d {problem.sentence}.") from None
    return entered


def take_back(*, deal: CrmDeal, key: str, actor: AbstractBaseUser) -> None:
    """From the next sync on the field is what the CRM says."""
    with transaction.atomic():
        locked = CrmDeal.objects.select_for_update().get(pk=deal.pk)
        if key not in locked.overrides:
            raise UnableToDecideHold("This value has since been taken back.")
        connection = Connection.objects.get(pk=locked.connection_id)
        kept = {name: entry for name, entry in locked.overrides.items() if name != key}
        label = rule_of(connection, key=key).label
        store(locked, overrides=kept, actor=actor)
        audit.record(
            actor=actor,
            action="entered value taken back",
            subject=locked,
            before={label: locked.overrides[key]["value"]},
            after={label: None},
        )


def store(deal: CrmDeal, *, overrides: Mapping[str, Any], actor: AbstractBaseUser) -> None:
    """Marked as well, so that the next poll makes good a bell that is not heard."""
    CrmDeal.objects.filter(pk=deal.pk).update(
        overrides=overrides, fingerprint="", updated_at=Now(), **asking(actor)
    )


def rule_of(connection: Connection, *, key: str) -> FieldRule:
    """As runs use it; a field that is no longer mapped still has its name."""
    target, custom_label = parse_key(key)
    known = (rule for rule in confirmed_rules(connection=connection).rules if rule.key == key)
    return next(known, FieldRule(target=target, custom_label=custom_label))


def rule_or_none(connection: Connection, *, key: str) -> FieldRule | None:
    """None for what names no field of ours."""
    try:
        return rule_of(connection, key=key)
    except ValueError:
        return None


def refuse_fractions(entered: str, *, currency: str) -> None:
    """What the mapping would hold again is refused while the person is there."""
    try:
        Money.from_decimal(Decimal(entered), currency=currency)
    except AmountRefused as refusal:
        raise UnableToDecideHold(str(refusal)) from None


def overrides_of(deal: CrmDeal) -> list[Override]:
    """With what the CRM said when the deal was last read, where that differs from what was entered."""
    if not deal.overrides:
        return []
    record = SyncRecord.objects.filter(crm_deal=deal).exclude(trace=[]).order_by("-id").first()
    said = {step.get("key"): step["crm"] for step in (record.trace if record else []) if step.get("crm")}
    connection = Connection.objects.get(pk=deal.connection_id)
    found = []
    for key, entry in sorted(deal.overrides.items()):
        rule = rule_of(connection, key=key)
        found.append(
            Override(
                key=key,
                label=rule.label,
                value=entered_words(rule, entry["value"]),
                crm=said.get(key, ""),
                reason=entry["reason"],
                by=entry["by"],
                at=datetime.fromisoformat(entry["at"]),
            )
        )
    return found
