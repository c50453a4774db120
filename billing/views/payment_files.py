"""Files of payments: read, recorded, and what of them a person has to decide."""

from functools import partial
from pathlib import PurePath

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing.forms.banks import ACCOUNT_CURRENCY, ENCODINGS, PaymentFileForm, ReadingForm
from billing.models import BankProfile, PaymentImport
from billing.receivables.bank_files import MOST_BYTES, QuestionCode, read_table
from billing.receivables.bank_formats import UnreadableFile
from billing.receivables.payment_imports import decide_asked, import_payments, keep_preview, prefixes
from billing.receivables.payment_rows import ReadFile, read_file
from billing.values import Choice
from billing.views.attempt import actor_of, attempt
from contracts.clock import business_day
from fincelo.once import mark_refused, once
from fincelo.refused import refuse
from fincelo.rights import EXPORT, needs
from fincelo.spreadsheets import csv_text

COLUMNS = ("invoice", "amount", "currency", "date", "reference", "copy", "reason")
SHOWN_ROWS = 5
ADD = "billing.add_payment"


@require_POST
@needs(ADD)
@once
def import_file(request: HttpRequest) -> HttpResponse:
    """Records at once what can be read in one way only; otherwise a person chooses first."""
    form = PaymentFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return refuse(request, form=form, at="payments")
    file, actor = form.cleaned_data["file"], actor_of(request)
    content = file.read(MOST_BYTES + 1)
    try:
        read = _read_as_kept(content)
        if read is None:
            return redirect(keep_preview(file_name=file.name, content=content, actor=actor))
        done = import_payments(
            file_name=file.name, content=content, as_of=business_day(), actor=actor, read=read
        )
    except UnreadableFile as refusal:
        form.add_error("file", f"{file.name} is not imported. {refusal}")
        return refuse(request, form=form, at="payments")
    return redirect(done)


def _read_as_kept(content: bytes) -> ReadFile | None:
    """By what was chosen for this bank, or plainly; None where a person has to choose or to look."""
    table = read_table(content=content)
    profile = BankProfile.objects.filter(header_key=table.key).first() if table.has_heads else None
    if profile:
        read = read_file(content=content, choice=profile.choice, prefixes=prefixes())
        is_fit = not read.rows or any(row.payment for row in read.rows)
        return read if is_fit and not read.questions and not read.contradicts else None
    read = read_file(content=content, prefixes=prefixes())
    return read if read.is_plain and not read.questions else None


@needs("billing.view_paymentimport")
def payment_import(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(PaymentImport.objects.select_related("imported_by"), pk=pk)
    if shown.is_preview:
        try:
            return _preview(
                request, shown, read_file(content=bytes(shown.content or b""), prefixes=prefixes())
            )
        except UnreadableFile as refusal:
            messages.error(request, str(refusal))
            return redirect("payments")
    return render(request, "billing/payment_import.html", {"shown": shown, "sentence": _sentence(shown)})


@require_POST
@needs(ADD)
@once
def read_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a preview read by another choice, or records it and keeps the choice."""
    shown = get_object_or_404(PaymentImport, pk=pk)
    if not shown.is_preview:
        return redirect(shown)
    mark_refused(request)  # nothing is recorded yet
    content = bytes(shown.content or b"")
    try:
        guessed = read_file(content=content, choice=_posted_encoding(request), prefixes=prefixes())
        form = ReadingForm(request.POST, read=guessed)
        if not form.is_valid():
            return _preview(request, shown, guessed, form)
        read = read_file(content=content, choice=form.choice, prefixes=prefixes())
        if "record" not in request.POST or read.questions:
            for question in read.questions if "record" in request.POST else ():
                is_account = question.code == QuestionCode.CURRENCY
                form.add_error(ACCOUNT_CURRENCY if is_account else None, question.sentence)
            return _preview(request, shown, read, form)
        work = partial(
            import_payments,
            file_name=shown.file_name,
            content=content,
            as_of=business_day(),
            actor=actor_of(request),
            read=read,
            into=shown,
        )
        if not attempt(request, work, form=form):
            return _preview(request, shown, read, form)
        if read.table.has_heads:
            _keep_profile(request, form, key=read_table(content=content).key)
        request.was_refused = False  # type: ignore[attr-defined]
        return redirect(shown)
    except UnreadableFile as refusal:
        messages.error(request, f"{shown.file_name} cannot be read so. {refusal}")
        return redirect(shown)


def _posted_encoding(request: HttpRequest) -> Choice:
    """In another encoding the heads are other words, among which the columns are chosen."""
    encoding = request.POST.get("encoding", "")
    return Choice(encoding=encoding if encoding in dict(ENCODINGS) else "")


def _keep_profile(request: HttpRequest, form: ReadingForm, *, key: str) -> None:
    """`key`: of the head words as they are read before anybody has chosen an encoding."""
    choice = form.choice
    assert choice.decimal_mark is not None  # the form is complete
    assert choice.day_order is not None
    BankProfile.objects.update_or_create(
        header_key=key,
        defaults={
            "name": form.cleaned_data["name"],
            "encoding": choice.encoding,
            "columns": {role.value: head for role, head in choice.columns.items()},
            "decimal_mark": choice.decimal_mark.value,
            "day_order": choice.day_order.value,
            "currency": choice.currency,
            "chosen_by": actor_of(request),
        },
    )


def _preview(
    request: HttpRequest, shown: PaymentImport, read: ReadFile, form: ReadingForm | None = None
) -> HttpResponse:
    name = PurePath(shown.file_name).stem[:100]
    return render(
        request,
        "billing/payment_preview.html",
        {
            "shown": shown,
            "form": form or ReadingForm(read=read, name=name),
            "questions": read.questions,
            "rows": read.rows[:SHOWN_ROWS],
            "count": len(read.rows),
            "skipped": read.skipped,
            "is_kept": read.table.has_heads,
        },
    )


@require_POST
@needs(ADD)
def discard_preview(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(PaymentImport, pk=pk)
    if shown.is_preview:
        shown.delete()
        messages.success(request, f"{shown.file_name} is discarded. Nothing of it was recorded.")
    return redirect("payments")


@require_POST
@needs(ADD)
@once
def decide_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """What is ticked is recorded; the rest is taken for the payments that are recorded already."""
    done = get_object_or_404(PaymentImport, pk=pk)
    lines = {int(line) for line in request.POST.getlist("line") if line.isdecimal() and len(line) < 10}
    counts: list[int] = []
    work = partial(decide_asked, done=done, lines=lines, as_of=business_day(), actor=actor_of(request))
    if attempt(request, lambda: counts.append(work())):
        messages.success(request, f"Decided. {counts[0]} recorded.")
    return redirect(done)


def _sentence(done: PaymentImport) -> str:
    parts = [f"{done.recorded:,} recorded"]
    if done.known:
        parts.append(f"{done.known:,} recorded before")
    if done.asked:
        parts.append(f"{len(done.asked):,} to decide")
    if done.unmatched:
        parts.append(f"{len(done.unmatched):,} not matched")
    if done.skipped:
        parts.append(f"{done.skipped:,} no money received")
    return f"{', '.join(parts)}."


@needs((ADD, EXPORT))
def unmatched_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that were not recorded, to be mended and imported again. `copy` tells equal ones apart."""
    done = get_object_or_404(PaymentImport, pk=pk)
    text = csv_text(
        header=COLUMNS, rows=[[row.get(column, "") for column in COLUMNS] for row in done.unmatched]
    )
    return HttpResponse(
        "\ufeff" + text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="unmatched-payments-{done.pk}.csv"'},
    )
