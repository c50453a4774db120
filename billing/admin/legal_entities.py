"""The seller in the admin. Its legal info takes a second person here as well."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from billing.forms.settings import LegalEntityForm
from billing.issuing.letterheads import LEGAL_INFO_WAITS, change_legal_info
from billing.models import LegalEntity
from billing.tasks import request_telling
from contracts.admin.settings import OneRowAdmin


@admin.register(LegalEntity)
class LegalEntityAdmin(OneRowAdmin):
    form = LegalEntityForm
    list_display = ["name", "country", "vat_id", "tax_number", "invoice_prefix", "payment_terms_days"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        legal_info = form.keep_legal_info()
        super().save_model(request, obj, form, change)
        if legal_info is None:
            return
        assert request.user.is_authenticated  # the admin lets nobody else in
        if not change_legal_info(legal_entity=obj, text=legal_info, actor=request.user):
            self.message_user(request, LEGAL_INFO_WAITS, messages.WARNING)
        request_telling()

    def get_fields(self, request: HttpRequest, obj: LegalEntity | None = None) -> list[Any]:
        """The form leaves out what this sender does not need; the admin must not ask it for more."""
        return list(self.form(request.POST or None, instance=obj).fields)
