"""What people decide about holds."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from crm_sync.deciding_billing import decides_billing
from crm_sync.enums import DealState, HoldCode
from crm_sync.holds.groups import GroupKey, members
from crm_sync.mapping.problems import Cure, cures_of
from crm_sync.models import CrmDeal, Hold

DOWNGRADE = "A downgrade of another contract: no invoice, and no credit note automatically."


class UnableToDecideHold(Exception):
    """The hold is settled already, or the decision does not fit it."""


def dismiss(*, hold: Hold, actor: AbstractBaseUser, reason: str) -> None:
    """The deal is not to be billed. It stays dismissed until somebody syncs it again by hand."""
    if not reason.strip():
        raise UnableToDecideHold("Say why this deal is not to be billed.")
    with transaction.atomic():
        locked = open_hold(hold)
        locked.resolved_at = Now()
        locked.resolution = "dismissed"
        locked.resolved_by_id = actor.pk
        locked.reason = reason.strip()
        locked.save()
        CrmDeal.objects.filter(pk=locked.crm_deal_id).update(state=DealState.DISMISSED, updated_at=Now())
        audit.record(
            actor=actor,
            action="hold dismissed",
            subject=locked.crm_deal,
            after={"code": locked.code},
            reason=reason,
        )


def mark_as_downgrade(*, hold: Hold, actor: AbstractBaseUser) -> None:
    """A negative amount that lowers another contract. What comes of that one, people decide there."""
    with transaction.atomic():
        if not offers(open_hold(hold), cure=Cure.DOWNGRADE):
            raise UnableToDecideHold("Only a deal with a negative amount can be marked as a downgrade.")
        dismiss(hold=hold, actor=actor, reason=DOWNGRADE)


def dismiss_group(*, name: GroupKey, actor: AbstractBaseUser, reason: str, at_most: int) -> int:
    """All deals of a group, each with its line in the audit; how many. `at_most`: so many the person saw."""
    if not reason.strip():
        raise UnableToDecideHold("Say why these deals are not to be billed.")
    with transaction.atomic():
        wanted = Hold.objects.filter(pk__in=members(name)).values_list("crm_deal_id", flat=True)
        deals = CrmDeal.objects.select_for_update().order_by("id")
        list(deals.filter(pk__in=list(wanted)).values_list("pk", flat=True))
        # Asked again: deals are locked before their holds, as runs do, and a run may have settled some since.
        open_now = Hold.objects.open().filter(pk__in=members(name))
        found = list(
            open_now.select_related("crm_deal").select_for_update(of=("self",)).order_by("crm_deal_id")
        )
        if len(found) > at_most:
            raise UnableToDecideHold(
                "More deals have been held for this reason since you opened the page. "
                "Look through them, then dismiss all."
            )
        Hold.objects.filter(pk__in=[hold.pk for hold in found]).update(
            resolved_at=Now(), resolution="dismissed", resolved_by=actor.pk, reason=reason.strip()
        )
        CrmDeal.objects.filter(pk__in=[hold.crm_deal_id for hold in found]).update(
            state=DealState.DISMISSED, updated_at=Now()
        )
        audit.record_all(
            audit.entry(
                actor=actor,
                action="hold dismissed",
                subject=hold.crm_deal,
                after={"code": hold.code},
                reason=reason.strip(),
            )
            for hold in found
        )
    return len(found)


def accept_free(*, hold: Hold, actor: AbstractBaseUser) -> None:
    """The value of zero is meant. The next sync of the deal makes a contract without invoices."""
    with transaction.atomic():
        locked = open_hold(hold)
        if not offers(locked, cure=Cure.FREE):
            raise UnableToDecideHold("Only a deal with an amount of zero can be accepted as a free contract.")
        CrmDeal.objects.filter(pk=locked.crm_deal_id).update(
            free_accepted=True, fingerprint="", updated_at=Now(), **asking(actor)
        )
        audit.record(actor=actor, action="free contract accepted", subject=locked.crm_deal)


def offers(hold: Hold, *, cure: Cure) -> bool:
    return any(cure in cures_of(problem) for problem in hold.problems)


def accept_duplicate(*, hold: Hold, actor: AbstractBaseUser) -> None:
    """This is another sale and no copy. The next sync of the deal imports it."""
    with transaction.atomic():
        locked = open_hold(hold)
        if locked.code != HoldCode.DUPLICATE_SUSPECT:
            raise UnableToDecideHold("Only a possible duplicate can be imported anyway.")
        CrmDeal.objects.filter(pk=locked.crm_deal_id).update(
            duplicate_accepted=True, fingerprint="", updated_at=Now(), **asking(actor)
        )
        audit.record(actor=actor, action="duplicate accepted", subject=locked.crm_deal)


def asking(actor: AbstractBaseUser) -> dict[str, bool]:
    """What to store on a deal beside the decision of somebody who does not decide what is billed."""
    return {} if decides_billing(actor) else {"needs_yes": True}


def open_hold(hold: Hold) -> Hold:
    """The hold, locked after its deal: in the order in which a run locks them."""
    CrmDeal.objects.select_for_update().get(pk=hold.crm_deal_id)
    locked = (
        Hold.objects.open()
        .select_for_update(of=("self",))
        .select_related("crm_deal")
        .filter(pk=hold.pk)
        .first()
    )
    if locked is None:
        raise UnableToDecideHold("This hold has since been settled.")
    return locked
