from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

from fincelo.health import healthz
from fincelo.views import background_work, give_up_work, health_page, work_again

urlpatterns = [
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("health/", health_page, name="health"),
    path("background/<int:pk>/", background_work, name="background-work"),
    path("background/<int:pk>/again/", work_again, name="background-work-again"),
    path("background/<int:pk>/cancel/", give_up_work, name="background-work-give-up"),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", auth_views.PasswordChangeView.as_view(), name="password_change"),
    path("password/changed/", auth_views.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("", include("contracts.urls")),
    path("", include("billing.urls")),
    path("", include("crm_sync.urls")),
]
