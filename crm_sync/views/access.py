"""Who may do what on the CRM pages. A signed-in person without the right gets the page that says so."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from fincelo.rights import needs as needs

VIEW_CONNECTIONS = "crm_sync.view_connection"
CHANGE_CONNECTIONS = "crm_sync.change_connection"
"""Credentials and pauses: what keeps a connection alive."""
CHANGE_BILLING_MEANING = "crm_sync.change_billing_meaning"
"""What its deals come to: stages, first day, what amounts mean, timing, mode."""
VIEW_CHANGES = "billing.view_contractchange"
START_BILLING = "billing.start_billing"
VIEW_MAPPING = "crm_sync.view_fieldmapping"
CHANGE_MAPPING = "crm_sync.change_fieldmapping"
VIEW_HISTORY = "crm_sync.view_syncrun"
SYNC = "crm_sync.change_syncrun"
VIEW_HOLDS = "crm_sync.view_hold"
CHANGE_HOLDS = "crm_sync.change_hold"
VIEW_HOLD_POLICY = "crm_sync.view_holdpolicy"
CHANGE_HOLD_POLICY = "crm_sync.change_holdpolicy"
VIEW_TIE_OUT = "crm_sync.view_tieout"
CHANGE_SCHEDULE = "billing.change_billingschedule"
CHECK_TIE_OUT = "crm_sync.change_tieout"


def signed_in(request: HttpRequest) -> AbstractBaseUser:
    assert isinstance(request.user, AbstractBaseUser)  # LoginRequiredMiddleware lets nobody else in
    return request.user
