from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from billing.enums import ControlKind, ControlOutcome
from billing.forms.mails import LetterheadForm, MailingForm
from billing.issuing.letterheads import change_letterhead, change_mailing
from billing.issuing.rendering import UnableToRender, sample_pdf, shown_credit_note_pdf, shown_invoice_pdf
from billing.mailing.composing import file_name
from billing.models import ControlChange, CreditNote, Invoice, LegalEntity, Letterhead, Mailing
from billing.tasks import request_telling
from contracts.clock import business_day
from fincelo.rights import needs

LONGEST_KEY = 18


@require_safe
@needs("billing.view_invoice")
def invoice_document(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = get_object_or_404(Invoice, pk=pk)
    try:
        pdf = shown_invoice_pdf(invoice=invoice)
    except UnableToRender as refusal:
        messages.error(request, str(refusal))
        return redirect(invoice)
    return _download(pdf, file_name(number=invoice.number))


@require_safe
@needs("billing.view_creditnote")
def credit_note_document(request: HttpRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(CreditNote.objects.select_related("invoice"), pk=pk)
    try:
        pdf = shown_credit_note_pdf(note=note)
    except UnableToRender as refusal:
        messages.error(request, str(refusal))
        return redirect(note)
    return _download(pdf, file_name(number=note.number))


@require_safe
@needs("billing.view_letterhead")
def sample_document(request: HttpRequest) -> HttpResponse:
    legal_entity = get_object_or_404(LegalEntity.objects.order_by("pk")[:1])
    today = business_day()
    look = _asked_look(request.GET.get("change", ""))
    return _download(sample_pdf(legal_entity=legal_entity, as_of=today, look=look), "sample.pdf")


def _asked_look(change: str) -> dict[str, str]:
    """What is asked for, where the sample is to show that; empty for documents as they are."""
    if not change.isdecimal() or len(change) > LONGEST_KEY:
        return {}
    asked = ControlChange.objects.filter(kind=ControlKind.LETTERHEAD, outcome=ControlOutcome.OPEN, pk=change)
    found = asked.first()
    return found.payload.get("after", {}) if found else {}


@require_safe
@needs("billing.view_letterhead")
def invoice_settings(request: HttpRequest) -> HttpResponse:
    return _settings_page(request, LetterheadForm(instance=_letterhead()), MailingForm(instance=_mailing()))


@require_POST
@needs("billing.change_letterhead")
def save_letterhead(request: HttpRequest) -> HttpResponse:
    form = LetterheadForm(request.POST, request.FILES, instance=_letterhead())
    assert request.user.is_authenticated  # a permission was asked for
    if not form.is_valid():
        return _settings_page(request, form, MailingForm(instance=_mailing()))
    in_force = change_letterhead(
        legal_entity=form.instance.legal_entity,
        footer=form.cleaned_data["footer"],
        logo=form.cleaned_data["logo"],
        removes_logo=form.cleaned_data.get("remove_logo", False),
        actor=request.user,
    )
    request_telling()
    if in_force:
        messages.success(request, "Saved. New invoices use this layout; issued ones do not change.")
    else:
        messages.info(
            request,
            "Logo and footer tell customers where to pay, so an approver confirms them under Approvals, and "
            "they are printed from the next day on. Until then documents keep what they have.",
        )
    return redirect("invoice-settings")


@require_POST
@needs("billing.change_mailing")
def save_mailing(request: HttpRequest) -> HttpResponse:
    form = MailingForm(request.POST, instance=_mailing())
    assert request.user.is_authenticated  # a permission was asked for
    if not form.is_valid():
        return _settings_page(request, LetterheadForm(instance=_letterhead()), form)
    change_mailing(
        automatic=form.cleaned_data["automatic"], sender=form.cleaned_data["sender"], actor=request.user
    )
    messages.success(request, "Saved. It holds for invoices issued from now on.")
    return redirect("invoice-settings")


def _settings_page(request: HttpRequest, letterhead: LetterheadForm, mailing: MailingForm) -> HttpResponse:
    return render(
        request,
        "billing/invoice_settings.html",
        {
            "letterhead": letterhead,
            "mailing": mailing,
            "has_logo": letterhead.instance.logo_id is not None,
            "next_from": letterhead.instance.next_from,
            "next_footer": letterhead.instance.next_look.get("footer", ""),
            "legal_entity": letterhead.instance.legal_entity,
        },
    )


def _letterhead() -> Letterhead:
    legal_entity = get_object_or_404(LegalEntity.objects.order_by("pk")[:1])
    found = Letterhead.objects.filter(legal_entity=legal_entity).select_related("legal_entity").first()
    return found or Letterhead(legal_entity=legal_entity)


def _mailing() -> Mailing:
    return Mailing.objects.first() or Mailing(automatic=False)


def _download(pdf: bytes, name: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"},
    )
