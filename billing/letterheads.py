"""What documents look like from now on. Issued invoices keep the logo and footer that they had."""

from hashlib import sha256
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.controls import ask, one_person_decides
from billing.enums import ControlKind
from billing.models import LegalEntity, Letterhead, Logo, Mailing
from contracts import audit


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
    """`logo` is a JPEG; None leaves the one that is there.

    The footer tells customers where to pay: False where a second person is asked about it.
    """
    with transaction.atomic():
        letterhead, _ = Letterhead.objects.select_for_update().get_or_create(legal_entity=legal_entity)
        before = _facts(letterhead)
        waits = footer != letterhead.footer and not one_person_decides(actor=actor)
        if not waits:
            letterhead.footer = footer
        if logo is not None:
            letterhead.logo, _ = Logo.objects.get_or_create(
                sha256=sha256(logo).hexdigest(), defaults={"jpeg": logo}
            )
        elif removes_logo:
            letterhead.logo = None
        letterhead.save()
        if not waits or before != _facts(letterhead):
            audit.record(
                actor=actor,
                action="Letterhead changed",
                subject=letterhead,
                before=before,
                after=_facts(letterhead),
            )
        if waits:
            ask(
                kind=ControlKind.LETTERHEAD,
                subject=f"letterhead {legal_entity.pk}",
                sentence=f"Bank details at the foot of documents: {footer or 'none'}",
                payload={"legal_entity": legal_entity.pk, "footer": footer},
                actor=actor,
            )
    return not waits


def put_footer(*, legal_entity: LegalEntity, footer: str, actor: AbstractBaseUser) -> None:
    """Stores what was decided. Opens no transaction."""
    letterhead, _ = Letterhead.objects.select_for_update().get_or_create(legal_entity=legal_entity)
    before = _facts(letterhead)
    letterhead.footer = footer
    letterhead.save(update_fields=["footer"])
    audit.record(
        actor=actor, action="Letterhead changed", subject=letterhead, before=before, after=_facts(letterhead)
    )


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
