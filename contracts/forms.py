from django import forms


class CustomerFilter(forms.Form):
    q = forms.CharField(label="Search", required=False, max_length=200, widget=forms.SearchInput)
