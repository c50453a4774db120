from typing import Any

from django import forms

from crm_sync.models import HoldPolicy

LATEST_HOUR, MOST_REMINDERS = 24 * 90, 10


class DismissForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the deal, with your name and the time.",
    )


class HoldPolicyForm(forms.ModelForm):
    """Hours as people write them: 42, 66, 90. Used by the page and by the admin."""

    reminder_hours = forms.CharField(
        label="Remind after (hours)",
        required=False,
        max_length=100,
        help_text="Counted from when a deal was held, such as 42, 66, 90. Empty: nobody is reminded.",
    )

    class Meta:
        model = HoldPolicy
        fields = ["reminder_hours"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["reminder_hours"] = written(self.instance.reminder_hours)

    def clean_reminder_hours(self) -> list[int]:
        parts = self.cleaned_data["reminder_hours"].replace(",", " ").split()
        if not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
            raise forms.ValidationError("Write whole hours with commas between them: 42, 66, 90.")
        hours = sorted({int(part) for part in parts})
        if len(hours) > MOST_REMINDERS or any(not 1 <= hour <= LATEST_HOUR for hour in hours):
            raise forms.ValidationError(
                f"At most {MOST_REMINDERS} reminders, each after 1 to {LATEST_HOUR:,} hours."
            )
        return hours


def written(hours: list[int]) -> str:
    return ", ".join(map(str, hours))
