from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from fincelo.health import healthz
from fincelo.rights import signed_in_only
from fincelo.views import background_work, give_up_work, health_page, work_again

# One door for pages and admin.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

to_own_password = signed_in_only(RedirectView.as_view(pattern_name="account_change_password"))

urlpatterns = [
    path(
        "admin/password_change/", signed_in_only(RedirectView.as_view(pattern_name="account_change_password"))
    ),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("health/", health_page, name="health"),
    path("background/<int:pk>/", background_work, name="background-work"),
    path("background/<int:pk>/again/", work_again, name="background-work-again"),
    path("background/<int:pk>/cancel/", give_up_work, name="background-work-give-up"),
    path("", include("access.urls")),
    path("", include("contracts.urls")),
    path("", include("billing.urls")),
    path("", include("crm_sync.urls")),
]
