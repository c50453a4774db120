from datetime import date
from typing import Any

from django import forms

from contracts.amount_fields import DayField
from contracts.currencies import EXPONENTS
from contracts.workspace import default_currency
from crm_sync.clients.salesforce import oauth
from crm_sync.connections.authorising import login_address
from crm_sync.enums import ConnectionState, Provider
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


class SalesforceAppForm(forms.ModelForm):
    """Where the org's users sign in, and the app registered there."""

    login_choice = forms.ChoiceField(
        label="Where do you sign in to Salesforce?",
        choices=[
            ("production", "Production (login.salesforce.com)"),
            ("sandbox", "Sandbox (test.salesforce.com)"),
            ("my_domain", "My Domain (your org's own address; works for every org)"),
        ],
        widget=forms.RadioSelect,
    )
    my_domain = forms.CharField(
        label="My Domain address",
        required=False,
        max_length=200,
        help_text="Needed for My Domain, and only then, such as https://acme.my.salesforce.com.",
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
        choice, my_domain = told_apart(self.instance.login_url)
        self.fields["login_choice"].initial = choice
        self.fields["my_domain"].is_conditional = True  # type: ignore[attr-defined]
        self.fields["my_domain"].initial = my_domain
        if has_secret:
            self.fields["client_secret"].required = False
            self.fields["client_secret"].help_text = "Leave it empty to keep the stored one."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("login_choice"):
            try:
                cleaned["login_url"] = login_address(
                    choice=cleaned["login_choice"], my_domain=cleaned.get("my_domain", "")
                )
            except ValueError as error:
                self.add_error("my_domain", str(error))
        return cleaned


def told_apart(login_url: str) -> tuple[str, str]:
    """(choice, My Domain address) of a stored login address."""
    known = {"": "production", oauth.PRODUCTION: "production", oauth.SANDBOX: "sandbox"}
    return (known[login_url], "") if login_url in known else ("my_domain", login_url)


class HubSpotTokenForm(forms.Form):
    token = forms.CharField(
        label="Access token",
        max_length=1000,
        widget=secret_input(placeholder="pat-…"),
        help_text="Stored encrypted and never shown again.",
    )
    confirmed_org = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)


class NewSalesforceForm(SalesforceAppForm, FirstImportFields):
    class Meta(FirstImportFields.Meta):
        fields = ["client_id", "name", "import_from", "default_currency"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["default_currency"].choices = currency_choices(unset="Choose a currency")  # type: ignore[attr-defined]


class NewHubSpotForm(FirstImportFields, HubSpotTokenForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = self.fields["default_currency"]
        currency.choices = currency_choices(unset="The portal's own currency")  # type: ignore[attr-defined]
        currency.required = False


def connect_form(connection: Connection, data: Any = None) -> SalesforceAppForm | HubSpotTokenForm:
    """The form that connects a connection once more."""
    if connection.provider == Provider.HUBSPOT:
        return HubSpotTokenForm(data)
    return SalesforceAppForm(data, instance=connection, has_secret=keeps_secret(connection))


def keeps_secret(connection: Connection) -> bool:
    """Whether the app's secret is stored: from the first authorisation to the disconnect."""
    was_disconnected = connection.state == ConnectionState.NOT_CONNECTED and connection.org_id is not None
    return bool(connection.client_id) and not was_disconnected
