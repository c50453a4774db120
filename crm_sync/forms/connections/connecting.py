from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from contracts.amount_fields import DayField
from contracts.currencies import EXPONENTS
from contracts.workspace import default_currency
from crm_sync.clients.grants import SignInPlace
from crm_sync.clients.registry import facts_of
from crm_sync.connections.authorising import login_address
from crm_sync.connections.credentials import grants_of
from crm_sync.enums import ConnectionState
from crm_sync.models import Connection

OFTEN_USED = ("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "JPY")
FIRST_DAY = date(1990, 1, 1)
Choices = list[tuple[str, Any]]


def currency_choices(*, unset: str) -> Choices:
    """Every currency we can bill in, the usual ones first. `unset` is the wording of "none chosen"."""
    return [
        ("", unset),
        ("Often used", [(code, code) for code in OFTEN_USED]),
        ("All others", [(code, code) for code in sorted(EXPONENTS) if code not in OFTEN_USED]),
    ]


def secret_input(**attrs: str) -> forms.PasswordInput:
    """Never shows what is stored, and keeps browsers from offering it to other sites."""
    return forms.PasswordInput(render_value=False, attrs={**attrs, "autocomplete": "off"})


class FirstImportFields(forms.ModelForm):
    """What is asked when a connection is made for the first time."""

    import_from = DayField(
        label="Import from",
        help_text="Deals closed before this day are never imported. You can move it back later.",
    )
    default_currency = forms.ChoiceField(
        label="Currency", help_text="For deals that name no currency of their own."
    )

    class Meta:
        model = Connection
        fields = ["name", "import_from", "default_currency"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("default_currency", default_currency())

    def clean_import_from(self) -> date:
        return not_before_our_time(self.cleaned_data["import_from"])


def not_before_our_time(day: date) -> date:
    if day < FIRST_DAY:
        raise forms.ValidationError(f"Choose a day from {FIRST_DAY} on.")
    return day


class AppForm(forms.ModelForm):
    """Where the org's users sign in, and the app registered there. Its words are those of the CRM."""

    login_choice = forms.ChoiceField(widget=forms.RadioSelect)
    my_domain = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    client_id = forms.CharField(
        label="Consumer key",
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_secret = forms.CharField(
        label="Consumer secret",
        max_length=300,
        widget=secret_input(),
        help_text="Stored encrypted and never shown again.",
    )

    class Meta:
        model = Connection
        fields = ["client_id"]

    def __init__(self, *args: Any, has_secret: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        crm = facts_of(self.instance.provider)
        grants = grants_of(crm.key)
        choice, own_address = told_apart(self.instance.login_url, places=grants.places)
        where, address = self.fields["login_choice"], self.fields["my_domain"]
        where.label = f"Where do you sign in to {crm.name}?"
        where.choices = [(place.key, place.label) for place in grants.places]  # type: ignore[attr-defined]
        where.initial = choice
        address.label = f"{grants.own_address} address"
        address.help_text = f"Needed for {grants.own_address}, and only then, such as {grants.example}."
        address.is_conditional = True  # type: ignore[attr-defined]
        address.initial = own_address
        if has_secret:
            self.fields["client_secret"].required = False
            self.fields["client_secret"].help_text = "Leave it empty to keep the stored one."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("login_choice"):
            try:
                cleaned["login_url"] = login_address(
                    provider=self.instance.provider,
                    choice=cleaned["login_choice"],
                    own_address=cleaned.get("my_domain", ""),
                )
            except ValueError as error:
                self.add_error("my_domain", str(error))
        return cleaned


def told_apart(login_url: str, *, places: Sequence[SignInPlace]) -> tuple[str, str]:
    """(choice, the org's own address) of a stored login address."""
    known = {place.address: place.key for place in places if place.address}
    if not login_url or login_url in known:
        return known.get(login_url, places[0].key), ""
    return places[-1].key, login_url


class TokenForm(forms.Form):
    token = forms.CharField(
        label="Access token",
        max_length=1000,
        widget=secret_input(),
        help_text="Stored encrypted and never shown again.",
    )
    confirmed_org = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)


class NewAppForm(AppForm, FirstImportFields):
    class Meta(FirstImportFields.Meta):
        fields = ["client_id", "name", "import_from", "default_currency"]


class NewTokenForm(FirstImportFields, TokenForm):
    pass


def new_form(connection: Connection, data: Any = None, *, initial: dict[str, Any]) -> FirstImportFields:
    """The form that makes a connection, as its CRM is got into."""
    crm = facts_of(connection.provider)
    form: FirstImportFields = (
        NewTokenForm(data, instance=connection, initial=initial)
        if crm.token
        else NewAppForm(data, instance=connection, initial=initial)
    )
    if crm.token is not None:
        form.fields["token"].widget.attrs["placeholder"] = crm.token.example
    unset = f"The {crm.org_word}'s own currency" if crm.tells_currency else "Choose a currency"
    currency = form.fields["default_currency"]
    currency.choices = currency_choices(unset=unset)  # type: ignore[attr-defined]
    currency.required = not crm.tells_currency
    return form


def connect_form(connection: Connection, data: Any = None) -> AppForm | TokenForm:
    """The form that connects a connection once more."""
    token = facts_of(connection.provider).token
    if token is not None:
        form = TokenForm(data)
        form.fields["token"].widget.attrs["placeholder"] = token.example
        return form
    return AppForm(data, instance=connection, has_secret=keeps_secret(connection))


def keeps_secret(connection: Connection) -> bool:
    """Whether the app's secret is stored: from the first authorisation to the disconnect."""
    was_disconnected = connection.state == ConnectionState.NOT_CONNECTED and connection.org_id is not None
    return bool(connection.client_id) and not was_disconnected
