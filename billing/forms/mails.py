from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from billing.documents.layout import footer_fits
from billing.documents.logos import LARGEST_FILE, LogoRefused, as_jpeg
from billing.enums import MailState
from billing.models import FOOTER_LENGTH, Letterhead, Mailing
from contracts.models import Customer

ALL = ("", "All")


class MailFilter(forms.Form):
    state = forms.ChoiceField(required=False, choices=[ALL, *MailState.choices])


class BounceForm(forms.Form):
    bounce_reason = forms.CharField(
        label="Why it came back",
        max_length=500,
        help_text="As the mail server says it, such as: 550 5.1.1 No such user.",
    )


class ContactForm(forms.ModelForm):
    billing_email = forms.EmailField(
        label="Billing e-mail",
        required=False,
        max_length=320,
        help_text="Invoices are mailed there. Without one they are issued anyway.",
    )

    class Meta:
        model = Customer
        fields = ["billing_email", "language"]
        help_texts = {"language": "Of new invoices and of the mails that bring them."}


class MailingForm(forms.ModelForm):
    class Meta:
        model = Mailing
        fields = ["automatic", "sender"]


class LetterheadForm(forms.ModelForm):
    logo = forms.FileField(
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp"}),
        help_text="A PNG or JPEG. It is printed up to 6 cm wide and 2 cm high.",
    )
    remove_logo = forms.BooleanField(required=False, label="Print no logo")
    footer = forms.CharField(
        required=False,
        max_length=FOOTER_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="At the foot of each page: bank account, register entry, managing directors.",
    )

    class Meta:
        model = Letterhead
        fields = ["footer"]

    field_order = ["logo", "remove_logo", "footer"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.logo_id:
            del self.fields["remove_logo"]

    def clean_logo(self) -> bytes | None:
        """The picture as it is kept."""
        upload: UploadedFile | None = self.cleaned_data["logo"]
        if not upload:
            return None
        try:
            return as_jpeg(upload.read(LARGEST_FILE + 1))
        except LogoRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean_footer(self) -> str:
        footer: str = self.cleaned_data["footer"]
        if not footer_fits(footer):
            raise forms.ValidationError("The footer takes more than six lines on the page. Shorten it.")
        return footer
