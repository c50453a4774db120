from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from billing.forms.mails import BounceForm, ContactForm, MailFilter
from billing.mailing.bouncing import mark_bounced
from billing.mailing.folder import keeps_mail, kept_mails
from billing.mailing.lists import COUNT_TO, addressed_since, mails_matching, open_counts
from billing.mailing.outbox import release_addressed, release_all, request_mail, unaddressed
from billing.models import CreditNote, Invoice, InvoiceMail, Mailing
from billing.tasks import request_sending
from billing.views.attempt import actor_of, attempt
from contracts.contacts import change_contact
from contracts.models import Customer
from fincelo.once import once
from fincelo.pagination import CountCappedPaginator
from fincelo.refused import refuse
from fincelo.rights import needs


@require_safe
@needs("billing.view_invoicemail")
def mail_list(request: HttpRequest) -> HttpResponse:
    form = MailFilter(request.GET)
    form.is_valid()  # what a filter cannot mean is left out
    state = form.cleaned_data.get("state", "")
    return render(
        request,
        "billing/mails.html",
        {
            "form": form,
            "is_filtered": bool(state),
            "page": CountCappedPaginator(mails_matching(state=state)).get_page(request.GET.get("page")),
            "counts": open_counts(),
            "count_to": COUNT_TO,
            "addressed": addressed_since(),
            "is_automatic": Mailing.objects.filter(automatic=True).exists(),
            "keeps_mail": keeps_mail(),
        },
    )


@require_safe
@needs("billing.view_invoicemail")
def mail_folder(request: HttpRequest) -> HttpResponse:
    if not keeps_mail():
        raise Http404("This workspace sends its mails.")
    return render(request, "billing/mail_folder.html", {"mails": kept_mails()})


@require_POST
@needs("billing.change_invoicemail")
@once
def send_invoice(request: HttpRequest, pk: int) -> HttpResponse:
    return _send(request, get_object_or_404(Invoice.objects.select_related("customer"), pk=pk))


@require_POST
@needs("billing.change_invoicemail")
@once
def send_credit_note(request: HttpRequest, pk: int) -> HttpResponse:
    return _send(request, get_object_or_404(CreditNote.objects.select_related("customer"), pk=pk))


def _send(request: HttpRequest, document: Invoice | CreditNote) -> HttpResponse:
    if attempt(request, partial(request_mail, document=document, actor=actor_of(request))):
        request_sending(actor_id=request.user.pk)
        messages.success(request, f"{document} goes to {document.customer.billing_email} within minutes.")
    return redirect(document)


@require_POST
@needs("billing.change_invoicemail")
@once
def send_all(request: HttpRequest) -> HttpResponse:
    count = release_all(actor=actor_of(request))
    request_sending(actor_id=request.user.pk)
    messages.success(request, f"{count:,} {'mail is' if count == 1 else 'mails are'} being sent.")
    return redirect("mails")


@require_POST
@needs("billing.change_invoicemail")
def bounced(request: HttpRequest, pk: int) -> HttpResponse:
    """A person has found the mail among those that came back to the sender address."""
    mail = get_object_or_404(InvoiceMail.objects.select_related("invoice", "credit_note"), pk=pk)
    form = BounceForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at=mail.document)
    work = partial(
        mark_bounced, mail=mail, reason=form.cleaned_data["bounce_reason"], actor=actor_of(request)
    )
    if not attempt(request, work, form=form):
        return refuse(request, form=form, at=mail.document)
    messages.warning(
        request, f"{mail.document} did not reach {mail.recipient}. Correct the address, then send again."
    )
    return redirect(mail.document)


@require_POST
@needs("billing.change_invoicemail")
def send_unaddressed(request: HttpRequest, pk: int) -> HttpResponse:
    """What was not sent because the customer had no address goes to the one that it has now."""
    customer = get_object_or_404(Customer, pk=pk)
    if attempt(request, partial(release_addressed, customer=customer, actor=actor_of(request))):
        request_sending(actor_id=request.user.pk)
        messages.success(request, f"They go to {customer.billing_email} within minutes.")
    return redirect(customer)


def saved_sentence(*, customer: Customer) -> str:
    """What a new address means: it mails nothing automatically."""
    count = unaddressed(customer=customer).count()
    if not count:
        return f"Saved. New mails to {customer} use it."
    mails = "1 mail waits" if count == 1 else f"{count:,} mails wait"
    return f"Saved. {mails} for an address of {customer}: send them below, or later."


@require_POST
@needs("contracts.change_customer")
def customer_contact(request: HttpRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=pk)
    form = ContactForm(request.POST)
    assert request.user.is_authenticated  # a permission was asked for
    if not form.is_valid():
        return refuse(request, form=form, at=customer)
    change_contact(customer=customer, actor=request.user, **form.cleaned_data)
    messages.success(request, saved_sentence(customer=customer))
    return redirect(customer)
