"""How Fincelo signs people in with django-allauth. Pages and admin share this one door."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core.internal.ratelimit import RateLimitUsage
from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from access import attempts, limits
from fincelo.origin import client_address

logger = logging.getLogger(__name__)

TOO_MANY = "too_many_login_attempts"
WRONG = "username_password_mismatch"


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        WRONG: "User name and password do not match. Check both and try again.",
        TOO_MANY: (
            "There were too many wrong passwords, so this one was not looked at. Wait five minutes and try "
            "again, or ask whoever runs Fincelo to lift the limit."
        ),
        "incorrect_password": "This is not your current password.",
    }
    _taken: list[RateLimitUsage]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """The pages of accounts answer with pages only."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Each page says itself what happened; allauth's own sentences are not shown."""

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_password_changed")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts the guess, or refuses to weigh it. The answer is the same whether or not the name exists."""
        guess = _guess(request, credentials)
        taken = limits.take(guess=guess, request=request)
        if taken is None:
            attempts.note_limited(guess=guess)
            raise self.validation_error(TOO_MANY)
        self._taken = taken

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """A deactivated person with the right password is refused like any wrong one."""
        self.pre_authenticate(request, **credentials)
        user = authenticate(request, **credentials)
        AuthenticationBackend.unstash_authenticated_user()
        if user is None:
            self.authentication_failed(request, **credentials)
        else:
            limits.give_back(self._taken)
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        attempts.note_failed(guess=_guess(request, credentials))

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        attempts.note_signed_in(user=user)

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if not isinstance(user, AnonymousUser):
            attempts.note_signed_out(user=user)


def was_limited(error: ValidationError) -> bool:
    return error.code == TOO_MANY


def _guess(request: HttpRequest, credentials: dict[str, Any]) -> limits.Guess:
    return limits.Guess(name=credentials.get("username", ""), address=client_address(request))
