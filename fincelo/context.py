"""What every page may show of the workspace."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def workspace(request: HttpRequest) -> dict[str, Any]:
    return {"demo_links": settings.DEMO_LINKS}
