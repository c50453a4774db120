from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing.enums import CreditNoteState
from billing.forms.mails import BounceForm
from billing.forms.settling import CreditForm
from billing.issuing.rendering import boxed_texts, credit_document_of
from billing.mailing.lists import mails_of
from billing.models import CreditNote, Invoice
from billing.receivables.crediting import (
    UnableToCredit,
    approve_credit,
    discard_credit,
    left_to_credit,
    may_discard,
    request_credit,
)
from billing.tasks import request_sending
from billing.views.attempt import actor_of, attempt
from contracts.clock import business_day
from contracts.money import Money
from contracts.story import audit_story, newest_first
from contracts.writing import write_money
from fincelo.once import once
from fincelo.pagination import CountCappedPaginator
from fincelo.refused import refuse
from fincelo.rights import needs


@needs("billing.view_creditnote")
def credit_note_list(request: HttpRequest) -> HttpResponse:
    """Drafts, which wait for somebody, and then the newest first."""
    notes = CreditNote.objects.select_related("invoice").order_by("-issue_date", "-id")
    page = CountCappedPaginator(notes).get_page(request.GET.get("page"))
    return render(request, "billing/credit_notes.html", {"page": page})


@needs("billing.view_creditnote")
def credit_note(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(
        CreditNote.objects.select_related("invoice", "customer", "requested_by", "approved_by"), pk=pk
    )
    is_draft = shown.state == CreditNoteState.DRAFT
    may_issue = request.user.has_perm("billing.issue_creditnote")
    document = credit_document_of(note=shown)
    return render(
        request,
        "billing/credit_note.html",
        {
            "note": shown,
            "lines": shown.lines.order_by("position"),
            "is_own": is_draft and shown.requested_by_id == request.user.pk,
            "may_approve": is_draft and may_issue and shown.requested_by_id != request.user.pk,
            "may_discard": is_draft and may_discard(note=shown, actor=actor_of(request)),
            "sentence": _sentence(shown),
            "document": document,
            "boxed": boxed_texts(document=document),
            "mails": mails_of(document=shown),
            "waits_for": None if shown.invoice.sent_at else shown.invoice,
            "bounce_form": BounceForm(),
            "events": newest_first(audit_story(subject=shown)),
        },
    )


def _sentence(note: CreditNote) -> str:
    if note.state == CreditNoteState.ISSUED:
        total = write_money(Money(minor=note.total_minor, currency=note.currency))
        return f"Takes back {total} of {note.invoice}."
    return f"Asked for by {note.requested_by}. It is issued once somebody else approves it."


@require_POST
@needs("billing.add_creditnote")
@once
def credit(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = get_object_or_404(Invoice, pk=pk)
    left = Money(minor=left_to_credit(invoice=invoice), currency=invoice.currency)
    form = CreditForm(request.POST, invoice=invoice, left=left)
    if not form.is_valid():
        return refuse(request, form=form, at=invoice)
    amount: Money | None = form.cleaned_data["amount"]
    made: list[CreditNote] = []

    def work() -> None:
        made.append(
            request_credit(
                invoice=invoice,
                amount=amount.minor if amount else None,
                reason=form.cleaned_data["reason"],
                as_of=business_day(),
                actor=actor_of(request),
            )
        )

    if not attempt(request, work, form=form, fields={UnableToCredit: "amount"}):
        return refuse(request, form=form, at=invoice)
    [note] = made
    if note.state == CreditNoteState.ISSUED:
        request_sending(actor_id=request.user.pk)
        messages.success(request, f"Credit note {note} is issued.")
    else:
        messages.info(request, "The credit note waits here until an approver has looked at it.")
    return redirect(note)


@require_POST
@needs("billing.issue_creditnote")
@once
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(CreditNote, pk=pk)
    today = business_day()
    if attempt(request, partial(approve_credit, note=note, as_of=today, actor=actor_of(request))):
        note.refresh_from_db()
        request_sending(actor_id=request.user.pk)
        messages.success(request, f"Credit note {note} is issued.")
    return redirect(note)


@require_POST
@needs("billing.add_creditnote")
@once
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(CreditNote.objects.select_related("invoice"), pk=pk)
    if attempt(request, partial(discard_credit, note=note, actor=actor_of(request))):
        messages.success(request, "The credit note is discarded. The invoice is as it was.")
        return redirect(note.invoice)
    return redirect(note)
