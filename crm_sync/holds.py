"""What people decide about holds."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from crm_sync.enums import DealState, HoldCode
from crm_sync.models import CrmDeal, Hold


class UnableToDecide(Exception):
    """The hold is settled already, or the decision does not fit it."""


def dismiss(*, hold: Hold, actor: AbstractBaseUser, reason: str) -> None:
    """The deal is not to be billed. It stays dismissed until somebody syncs it again by hand."""
    if not reason.strip():
        raise UnableToDecide("Say why this deal is not to be billed.")
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


def accept_duplicate(*, hold: Hold, actor: AbstractBaseUser) -> None:
    """This is another sale and no copy. The next sync of the deal imports it."""
    with transaction.atomic():
        locked = open_hold(hold)
        if locked.code != HoldCode.DUPLICATE_SUSPECT:
            raise UnableToDecide("Only a possible duplicate can be imported anyway.")
        CrmDeal.objects.filter(pk=locked.crm_deal_id).update(
            duplicate_accepted=True, fingerprint="", updated_at=Now()
        )
        audit.record(actor=actor, action="duplicate accepted", subject=locked.crm_deal)


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
        raise UnableToDecide("This hold has been settled meanwhile.")
    return locked
