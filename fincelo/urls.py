from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from fincelo.health import healthz
from fincelo.views import health_page

# One door for pages and admin.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("health/", health_page, name="health"),
    path("", include("access.urls")),
    path("", include("contracts.urls")),
    path("", include("billing.urls")),
    path("", include("crm_sync.urls")),
]
