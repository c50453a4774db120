"""The password once more, before what cannot be taken back: a session that was left open is not enough."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib.auth.models import AbstractBaseUser


class PasswordAgainForm(forms.Form):
    """Guesses are counted as at the door."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Once more, because this cannot be taken back.",
    )

    def __init__(self, *args: Any, person: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        adapter = get_adapter()
        if not adapter.reauthenticate(self.person, password):
            raise adapter.validation_error("incorrect_password")
        return password
