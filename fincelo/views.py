"""The health page: what /healthz tells monitors, for people."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from fincelo.health import WELL, parts

VIEW_HEALTH = "fincelo.view_invariantresult"
RULES = "invariants"


@require_safe
@permission_required(VIEW_HEALTH, raise_exception=True)
def health_page(request: HttpRequest) -> HttpResponse:
    found = parts()
    troubled = [part for part in found if part.state != WELL]
    context = {
        "parts": [part for part in found if part.name != RULES],
        "rules": next((part for part in found if part.name == RULES), None),
        "troubled": [part for part in found if part.troubles],
        "state": "attention" if troubled else WELL,
        "sentence": (
            "Everything runs, and what is stored is right."
            if not troubled
            else f"{len(troubled)} of {len(found)} need attention."
        ),
    }
    return render(request, "fincelo/health.html", context)
