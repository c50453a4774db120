"""Who may do what on the CRM pages. A signed-in person without the right gets the page that says so."""

from functools import partial

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest

needs = partial(permission_required, raise_exception=True)

VIEW_CONNECTIONS = "crm_sync.view_connection"
CHANGE_CONNECTIONS = "crm_sync.change_connection"
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
