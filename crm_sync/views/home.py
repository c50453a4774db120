from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from billing.overview.banners import incomplete_legal_entity
from crm_sync.enums import ConnectionState
from crm_sync.models import Connection
from crm_sync.views.access import VIEW_CONNECTIONS
from fincelo.rights import signed_in_only


@signed_in_only
def home(request: HttpRequest) -> HttpResponse:
    """Contracts; before there is somebody who sends invoices, or a connection, the page that makes one."""
    if request.user.has_perm("billing.change_legalentity") and incomplete_legal_entity():
        return redirect("legal-entity")
    if request.user.has_perm(VIEW_CONNECTIONS) and not is_connected():
        return redirect("connections")
    return redirect("contracts")


def is_connected() -> bool:
    return Connection.objects.exclude(state=ConnectionState.NOT_CONNECTED).exists()
