"""When people are reminded of holds: by the same form as on the page."""

from django.contrib import admin

from contracts.admin.settings import OneRowAdmin
from crm_sync.forms.holds.reminders import HoldPolicyForm
from crm_sync.models import HoldPolicy


@admin.register(HoldPolicy)
class HoldPolicyAdmin(OneRowAdmin):
    form = HoldPolicyForm
    list_display = ["__str__", "reminder_hours"]
