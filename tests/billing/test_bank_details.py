"""What tells customers where to pay: two people change it, every approver is told, it is printed the next day."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from billing.documents.logos import as_jpeg
from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.letterheads import (
    change_legal_info,
    change_letterhead,
    change_mailing,
    coming_look,
    put_next_look,
    seller_copy,
    take_effect,
)
from billing.models import ControlChange, Invoice, LegalEntity, Letterhead, Mailing
from billing.tasks import tell_of_bank_details
from contracts.clock import business_day
from contracts.models import AuditEntry
from tests.billing.builders import Deal, sign
from tests.billing.documents.papers import pages, picture
from tests.billing.mailing.letters import issue
from tests.billing.people import person
from tests.pages import alerts
from tests.travel import travel_to

pytestmark = pytest.mark.django_db

LETTERHEAD, ENTITY = "/settings/invoices/letterhead/", "/settings/legal-entity/"
OURS, THEIRS = "IBAN DE02 1203 0000 0000 2020 51", "IBAN DE99 0000 0000 0000 0000 00"


def browser(name: str, group: str) -> Client:
    someone = person(name, group=group)
    someone.email = f"{name}@fincelo.example"
    someone.save()
    client = Client()
    client.force_login(someone)
    return client


@pytest.fixture
def ann() -> Client:
    return browser("ann", "Approver")


@pytest.fixture
def finn() -> Client:
    return browser("finn", "Finance")


@pytest.fixture
def issued(ann: Client, finn: Client) -> Invoice:
    [made] = issue("Acme")
    return made


def confirm(who: Client) -> list[str]:
    change = ControlChange.objects.get(outcome="")
    return alerts(who.post(f"/approvals/changes/{change.pk}/confirm/", follow=True))


def footer_of_next_invoice(day: date) -> str:
    travel_to(day)
    sign(Deal(start=day), as_of=day)
    invoice_due(as_of=day, trigger=BillingTrigger.COMMAND)
    seller: dict[str, str] = Invoice.objects.latest("pk").seller
    return seller["footer"]


def test_they_are_printed_from_the_next_day_on(issued: Invoice, ann: Client, finn: Client) -> None:
    today = business_day()
    finn.post(LETTERHEAD, {"footer": THEIRS})
    told = confirm(ann)

    same_day = footer_of_next_invoice(today)
    shown = ann.get("/settings/invoices/").text
    next_day = footer_of_next_invoice(today + timedelta(days=1))

    assert told == [
        "Confirmed. Documents carry these bank details from tomorrow on; every approver gets a mail."
    ]
    assert (same_day, next_day) == ("", THEIRS)
    assert THEIRS in shown
    assert (Letterhead.objects.get().footer, Letterhead.objects.get().next_from) == (THEIRS, None)


def test_every_approver_is_told_of_request_and_decision(issued: Invoice, ann: Client, finn: Client) -> None:
    browser("ben", "Approver")
    finn.post(LETTERHEAD, {"footer": THEIRS})
    tell_of_bank_details()
    tell_of_bank_details()
    confirm(ann)
    tell_of_bank_details()

    told = [(one.bcc, one.body.splitlines()[0]) for one in mail.outbox if "bank details" in one.subject]
    both = ["ann@fincelo.example", "ben@fincelo.example"]
    assert told == [
        (both, "finn asks for other bank details."),
        (both, "ann has confirmed them. Documents carry them from the day after on."),
    ]
    assert f"Footer, from then on:\n{THEIRS}" in mail.outbox[-1].body


def test_mail_that_was_refused_is_sent_later(
    issued: Invoice, finn: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    finn.post(LETTERHEAD, {"footer": THEIRS})
    with monkeypatch.context() as away:
        away.setattr("django.core.mail.EmailMessage.send", refuse)
        tell_of_bank_details()
    before = len(mail.outbox)
    tell_of_bank_details()

    assert len(mail.outbox) == before + 1


def refuse(*args: object, **kwargs: object) -> None:
    raise OSError("no server")


def test_what_one_person_sets_up_is_told_as_well(ann: Client, finn: Client, issued_nothing: None) -> None:
    finn.post(LETTERHEAD, {"footer": OURS})
    tell_of_bank_details()

    assert Letterhead.objects.get().footer == OURS
    assert mail.outbox[-1].body.startswith(
        "finn has changed them alone, before the first invoice was issued."
    )


@pytest.fixture
def issued_nothing(db: None) -> None:
    from tests.billing.builders import ensure_legal_entity

    ensure_legal_entity()


@pytest.mark.parametrize("part", ["logo", "legal info", "legal info in the admin"])
def test_no_other_part_of_a_document_passes_by(issued: Invoice, ann: Client, finn: Client, part: str) -> None:
    """A picture and the free text below the address say where to pay as well as a footer does."""
    entity = LegalEntity.objects.get()
    if part == "logo":
        finn.post(LETTERHEAD, {"footer": "", "logo": SimpleUploadedFile("logo.png", picture())})
    elif part == "legal info":
        page = finn.get(ENTITY).context
        asked = page["form"].initial | page["calendar"].initial
        data = {name: value for name, value in asked.items() if value is not None}
        finn.post(ENTITY, data | {"legal_info": THEIRS})
    else:
        root = Client()
        root.force_login(User.objects.create_superuser("root"))
        path = f"/admin/billing/legalentity/{entity.pk}/change/"
        form = root.get(path).context["adminform"].form
        data = {name: value for name, value in form.initial.items() if value is not None}
        root.post(path, data | {"legal_info": THEIRS})

    assert LegalEntity.objects.get().legal_info == entity.legal_info
    assert Letterhead.objects.get().logo is None
    waiting = ControlChange.objects.get(outcome="")
    sample = ann.get(f"/settings/invoices/sample.pdf?change={waiting.pk}").content
    assert b"/Image" in sample if part == "logo" else THEIRS in " ".join(pages(sample)[0])


def test_legal_info_is_printed_from_the_next_day_on(issued: Invoice, ann: Client) -> None:
    today, entity = business_day(), LegalEntity.objects.get()
    waits = not change_legal_info(legal_entity=entity, text=THEIRS, actor=person("finn", group="Finance"))
    confirm(ann)

    for day, printed in ((today, ""), (today + timedelta(days=1), THEIRS)):
        footer_of_next_invoice(day)
        assert Invoice.objects.latest("pk").seller["legal_info"] == printed
    assert waits
    assert LegalEntity.objects.get().legal_info == THEIRS


def test_what_stays_the_same_asks_nobody(issued: Invoice, finn: Client) -> None:
    letterhead = Letterhead.objects.create(legal_entity=LegalEntity.objects.get(), footer=OURS)

    assert change_letterhead(
        legal_entity=letterhead.legal_entity,
        footer=OURS,
        logo=None,
        removes_logo=False,
        actor=User.objects.get(username="finn"),
    )
    assert not ControlChange.objects.exists()


def test_what_is_stored_counts_and_not_what_a_form_holds(issued_nothing: None) -> None:
    entity = LegalEntity.objects.get()
    entity.legal_info = OURS  # as a form leaves it that was not saved

    assert change_legal_info(legal_entity=entity, text=OURS, actor=person("finn", group="Finance"))
    assert LegalEntity.objects.get().legal_info == OURS


def test_a_request_of_an_earlier_release_held_the_footer_alone(issued: Invoice, ann: Client) -> None:
    entity = LegalEntity.objects.get()

    put_next_look(asked={"legal_entity": entity.pk, "footer": OURS}, actor=User.objects.get(username="ann"))

    assert coming_look(legal_entity_id=entity.pk) == {"footer": OURS, "logo": "", "legal_info": ""}
    entry = AuditEntry.objects.get(action="Letterhead confirmed")
    assert (entry.after["footer"], entry.before["footer"]) == (OURS, "")


def test_a_logo_stays_until_it_is_removed(issued_nothing: None) -> None:
    entity, finn = LegalEntity.objects.get(), person("finn", group="Finance")
    shown = []
    for logo, removes in ((as_jpeg(picture()), False), (None, False), (None, True)):
        change_letterhead(
            legal_entity=entity, footer=f"{len(shown)}", logo=logo, removes_logo=removes, actor=finn
        )
        shown.append(Letterhead.objects.get().logo is not None)

    assert shown == [True, True, False]
    entries = AuditEntry.objects.filter(action="Letterhead changed").order_by("pk")
    assert [entry.after["footer"] for entry in entries] == ["0", "1", "2"]


def test_each_sender_has_a_letterhead_of_its_own(issued_nothing: None) -> None:
    ours = LegalEntity.objects.get()
    others = LegalEntity.objects.create(
        name="Other", street="3 Back Street", city="Springfield", country="US"
    )
    due = Letterhead.objects.create(
        legal_entity=others, footer="Theirs", next_look={"footer": THEIRS}, next_from=business_day()
    )

    take_effect(legal_entity=ours, day=business_day())

    due.refresh_from_db()
    assert due.footer == "Theirs"
    assert seller_copy(legal_entity=ours)["footer"] == ""
    take_effect(legal_entity=others, day=business_day())
    assert seller_copy(legal_entity=others)["footer"] == THEIRS


def test_mails_are_not_automatic_before_somebody_says_so(db: None) -> None:
    Mailing.objects.all().delete()
    change_mailing(automatic=True, sender="a@fincelo.example", actor=person("finn", group="Finance"))

    assert Mailing.objects.get().sender == "a@fincelo.example"
    entry = AuditEntry.objects.get(action="Mailing changed")
    assert (entry.before, entry.after) == (
        {"automatic": False, "sender": ""},
        {"automatic": True, "sender": "a@fincelo.example"},
    )


def test_approver_sees_all_that_is_asked_for(issued: Invoice, ann: Client, finn: Client) -> None:
    long = "\n".join(["Managing directors and register entry of this company"] * 5 + [THEIRS])
    finn.post(LETTERHEAD, {"footer": long})

    assert THEIRS in ann.get("/approvals/").text
