"""What people change on a contract that a deal has become."""

from django import forms

from crm_sync.mapping.rhythms import timing_choices


class TimingForm(forms.Form):
    timing = forms.ChoiceField(label="Billed", choices=timing_choices())
    reason = forms.CharField(
        label="Reason",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with your name and the time.",
    )
