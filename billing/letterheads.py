"""What documents look like from now on. Issued invoices keep the logo and footer that they had."""

from hashlib import sha256

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.models import LegalEntity, Letterhead, Logo, Mailing
from contracts import audit


def seller_copy(*, legal_entity: LegalEntity) -> dict[str, str]:
    """What an invoice keeps of its sender from issue on."""
    found = Letterhead.objects.filter(legal_entity=legal_entity).select_related("logo").defer("logo__jpeg")
    letterhead = found.first() or Letterhead(legal_entity=legal_entity)
    return {
        "name": legal_entity.name,
        "address": legal_entity.address,
        "tax_id": legal_entity.tax_id,
        **_facts(letterhead),
    }


def change_letterhead(
    *, legal_entity: LegalEntity, footer: str, logo: bytes | None, removes_logo: bool, actor: AbstractBaseUser
) -> None:
    """`logo` is a JPEG; None leaves the one that is there."""
    with transaction.atomic():
        letterhead, _ = Letterhead.objects.select_for_update().get_or_create(legal_entity=legal_entity)
        before = _facts(letterhead)
        letterhead.footer = footer
        if logo is not None:
            letterhead.logo, _ = Logo.objects.get_or_create(
                sha256=sha256(logo).hexdigest(), defaults={"jpeg": logo}
            )
        elif removes_logo:
            letterhead.logo = None
        letterhead.save()
        audit.record(
            actor=actor,
            action="Letterhead changed",
            subject=letterhead,
            before=before,
            after=_facts(letterhead),
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
