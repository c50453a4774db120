"""What documents look like from now on. Issued invoices keep the logo and footer that they had."""

from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.enums import ControlKind
from billing.issuing.controls import ask, note_letterhead_alone, one_person_decides
from billing.models import LegalEntity, Letterhead, Logo, Mailing
from contracts import audit
from contracts.clock import business_day

LEGAL_INFO_WAITS = (
    "The legal info is on every document and could tell customers where to pay, so an approver confirms it "
    "under Approvals, and it is printed from the next day on. Until then documents keep the one they have."
)


def seller_copy(*, legal_entity: LegalEntity) -> dict[str, Any]:
    """What an invoice keeps of its sender from issue on."""
    found = Letterhead.objects.filter(legal_entity=legal_entity).select_related("logo").defer("logo__jpeg")
    letterhead = found.first() or Letterhead(legal_entity=legal_entity)
    return {**party_copy(legal_entity), "legal_info": legal_entity.legal_info, **_facts(letterhead)}


def party_copy(party: LegalEntity) -> dict[str, Any]:
    """A party as documents keep it, in format 2: address in parts, VAT id and tax number apart."""
    text = party.street if party.has_parts else party.address
    return {
        "format": 2,
        "name": party.name,
        "trading_name": party.trading_name,
        "address": {
            "lines": [line.strip() for line in text.splitlines() if line.strip()],
            "post_code": party.post_code,
            "city": party.city,
            "region": party.region,
            "country": party.country,
        },
        "vat_id": party.vat_id,
        "tax_number": party.tax_number,
        "company_id": party.company_id,
        "company_id_scheme": party.company_id_scheme,
        "electronic_address": {"scheme": party.electronic_scheme, "id": party.electronic_address},
        "contact": {
            "name": party.contact_name,
            "phone": party.contact_phone,
            "email": party.contact_email,
        },
    }


def change_letterhead(
    *, legal_entity: LegalEntity, footer: str, logo: bytes | None, removes_logo: bool, actor: AbstractBaseUser
) -> bool:
    """`logo` is a JPEG; None leaves the one that is there. False where a second person is asked."""
    with transaction.atomic():
        letterhead = _locked(legal_entity)
        digest = _coming(letterhead)["logo"]
        if logo is not None:
            kept, _ = Logo.objects.get_or_create(sha256=sha256(logo).hexdigest(), defaults={"jpeg": logo})
            digest = kept.sha256
        elif removes_logo:
            digest = ""
        wanted = _coming(letterhead) | {"footer": footer, "logo": digest}
        return change_look(letterhead=letterhead, wanted=wanted, actor=actor)


def change_legal_info(*, legal_entity: LegalEntity, text: str, actor: AbstractBaseUser) -> bool:
    """The free text below the seller's address. False where a second person is asked."""
    with transaction.atomic():
        letterhead = _locked(legal_entity)
        wanted = _coming(letterhead) | {"legal_info": text}
        return change_look(letterhead=letterhead, wanted=wanted, actor=actor)


def change_look(*, letterhead: Letterhead, wanted: dict[str, str], actor: AbstractBaseUser) -> bool:
    """What documents show beside the seller's name tells customers where to pay, so two people change it.

    In the caller's transaction, with the letterhead locked. Every approver is told by mail.
    """
    before = _coming(letterhead)
    if wanted == before:
        return True
    if one_person_decides(actor=actor):
        _put(letterhead, wanted, actor=actor)
        note_letterhead_alone(letterhead=letterhead, before=before, after=wanted, actor=actor)
        return True
    ask(
        kind=ControlKind.LETTERHEAD,
        subject=f"letterhead {letterhead.legal_entity_id}",
        sentence="Bank details on documents",
        payload={"legal_entity": letterhead.legal_entity_id, "before": before, "after": wanted},
        actor=actor,
    )
    return False


def put_next_look(*, asked: Mapping[str, Any], actor: AbstractBaseUser) -> None:
    """Stores what two people have decided: it is printed from the next day on. Opens no transaction."""
    letterhead = _locked(LegalEntity.objects.get(pk=asked["legal_entity"]))
    before, after = _look_of(letterhead), asked.get("after") or {"footer": asked["footer"]}
    letterhead.next_look, letterhead.next_from = after, business_day() + timedelta(days=1)
    letterhead.save(update_fields=["next_look", "next_from"])
    audit.record(
        actor=actor,
        action="Letterhead confirmed",
        subject=letterhead,
        before=before,
        after={**after, "from": letterhead.next_from.isoformat()},
    )


def coming_look(*, legal_entity_id: int) -> dict[str, str]:
    """What documents show, or what was confirmed for tomorrow."""
    return _coming(_locked(LegalEntity.objects.get(pk=legal_entity_id)))


def take_effect(*, legal_entity: LegalEntity, day: date) -> None:
    """Prints what was confirmed for this day or before. In the transaction that issues."""
    due = Letterhead.objects.filter(legal_entity=legal_entity, next_from__lte=day)
    letterhead = due.select_for_update(no_key=True).first()
    if letterhead is None:
        return
    wanted = _look_of(letterhead) | letterhead.next_look
    letterhead.next_look, letterhead.next_from = {}, None
    _put(letterhead, wanted, actor=None)
    legal_entity.legal_info = wanted["legal_info"]


def _put(letterhead: Letterhead, wanted: Mapping[str, str], *, actor: AbstractBaseUser | None) -> None:
    before = _look_of(letterhead)
    letterhead.footer = wanted["footer"]
    letterhead.logo = Logo.objects.filter(sha256=wanted["logo"]).first()
    letterhead.save()
    entity = letterhead.legal_entity
    entity.legal_info = wanted["legal_info"]
    entity.save(update_fields=["legal_info"])
    audit.record(
        actor=actor,
        action="Letterhead changed",
        subject=letterhead,
        before=before,
        after=_look_of(letterhead),
    )


def _locked(legal_entity: LegalEntity) -> Letterhead:
    letterhead, _ = Letterhead.objects.select_for_update().get_or_create(legal_entity=legal_entity)
    letterhead.legal_entity = LegalEntity.objects.get(pk=legal_entity.pk)
    return letterhead


def _coming(letterhead: Letterhead) -> dict[str, str]:
    """As it is, or as it was confirmed to be from tomorrow on."""
    look: dict[str, str] = _look_of(letterhead) | letterhead.next_look
    return look


def _look_of(letterhead: Letterhead) -> dict[str, str]:
    return {**_facts(letterhead), "legal_info": letterhead.legal_entity.legal_info}


def change_mailing(*, automatic: bool, sender: str, actor: AbstractBaseUser) -> None:
    with transaction.atomic():
        mailing, _ = Mailing.objects.select_for_update().get_or_create(defaults={"automatic": False})
        before = {"automatic": mailing.automatic, "sender": mailing.sender}
        mailing.automatic, mailing.sender = automatic, sender
        mailing.save()
        audit.record(
            actor=actor,
            action="Mailing changed",
            subject=mailing,
            before=before,
            after={"automatic": automatic, "sender": sender},
        )


def _facts(letterhead: Letterhead) -> dict[str, str]:
    return {"footer": letterhead.footer, "logo": letterhead.logo.sha256 if letterhead.logo else ""}
