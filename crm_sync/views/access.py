"""Who may do what on the CRM pages. A signed-in person without the right gets the page that says so."""

from functools import partial

from django.contrib.auth.decorators import permission_required

needs = partial(permission_required, raise_exception=True)

VIEW_CONNECTIONS = "crm_sync.view_connection"
CHANGE_CONNECTIONS = "crm_sync.change_connection"
VIEW_MAPPING = "crm_sync.view_fieldmapping"
CHANGE_MAPPING = "crm_sync.change_fieldmapping"
VIEW_HISTORY = "crm_sync.view_syncrun"
SYNC = "crm_sync.change_syncrun"
VIEW_HOLDS = "crm_sync.view_hold"
CHANGE_HOLDS = "crm_sync.change_hold"
