from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm, LoginForm
from django.contrib.auth.password_validation import password_validators_help_text_html

NAME = "login"  # what allauth calls the field


class SignInForm(LoginForm):
    """allauth's, with the field names that password managers and earlier releases know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields[NAME].label = "User name"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields[NAME].widget.attrs |= {"autocapitalize": "none", "autofocus": True}

    def add_prefix(self, field_name: str) -> str:
        given = self.data if self.is_bound else {}
        return "username" if field_name == NAME and NAME not in given else field_name


class NewPasswordForm(ChangePasswordForm):
    """The current password is guessed under the same limits as at the door."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = "Current password"
        self.fields["password1"].label = "New password"
        self.fields["password1"].help_text = password_validators_help_text_html()
        self.fields["password2"].label = "New password again"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean_oldpassword(self) -> str:
        password: str = self.cleaned_data["oldpassword"]
        adapter = get_adapter()
        if not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("incorrect_password")
        return password
