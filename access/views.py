"""The account pages: signing in and out, and a new password. No other page of allauth is routed."""

from http import HTTPStatus
from typing import Any

from allauth.account.views import LoginView, LogoutView, PasswordChangeView
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from access.adapter import was_limited
from access.forms import NewPasswordForm, SignInForm
from contracts import audit
from fincelo.rights import open_to_anybody, signed_in_only

CANNOT_CHANGE = "Your account has no password to change. Ask an administrator to set one."


class SignInView(LoginView):
    form_class = SignInForm

    def form_invalid(self, form: Form) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if any(was_limited(error) for error in form.errors.as_data().get(NON_FIELD_ERRORS, ())):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response.headers["Retry-After"] = "300"
        return response


class NewPasswordView(PasswordChangeView):
    form_class = NewPasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who has no password is told so: allauth would lead to a page of its own that is not routed."""
        if not request.user.has_usable_password():  # type: ignore[union-attr]
            messages.error(request, CANNOT_CHANGE)
            return redirect("home")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        audit.record(actor=form.user, action="Password changed", subject=form.user)
        return response


sign_in = open_to_anybody(SignInView.as_view())
sign_out = open_to_anybody(LogoutView.as_view())
change_password = signed_in_only(NewPasswordView.as_view())


@require_safe
@signed_in_only
def password_changed(request: HttpRequest) -> HttpResponse:
    return render(request, "account/password_changed.html")
