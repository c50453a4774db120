"""The Field Mapping page as one form of three parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from django import forms

from crm_sync.enums import AmountMeans, Target, TermUnit
from crm_sync.forms.mapping.rows import RuleFormSet, initial_rows
from crm_sync.forms.mapping.source import Studio
from crm_sync.forms.mapping.translations import TranslationFormSet
from crm_sync.mapping.rules import FieldRule, MappingRules, rule_key
from crm_sync.models import Connection


class ReadingForm(forms.Form):
    """How amounts and durations are read; kept on the connection, not in the versions."""

    amount_means = forms.ChoiceField(
        label="Amount means", choices=AmountMeans.choices, help_text="What the amount on a deal stands for."
    )
    term_unit = forms.ChoiceField(
        label="Plain numbers in Contract Duration are",
        choices=TermUnit.choices,
        help_text="\u201c3\u201d is 3 months or 3 years. \u201c3 years\u201d is understood either way.",
    )

    def keep(self, connection: Connection) -> None:
        """Shows what is stored, and takes nothing else for it."""
        for name, field in self.fields.items():
            field.disabled = True
            self.initial[name] = getattr(connection, name)


class SeenForm(forms.Form):
    """Which version the person had before them; 0 where none was confirmed."""

    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingForms:
    """The parts of the page, filled from what is stored or from what was sent."""

    studio: Studio
    rules: Any
    translations: Any
    reading: ReadingForm
    seen: SeenForm

    @classmethod
    def stored(
        cls,
        *,
        studio: Studio,
        rules: MappingRules,
        translations: list[dict[str, str]],
        reading: dict[str, str],
    ) -> Self:
        return cls(
            studio=studio,
            rules=RuleFormSet(
                initial=initial_rows(rules.rules, studio=studio),
                prefix="field",
                form_kwargs={"studio": studio},
            ),
            translations=TranslationFormSet(initial=translations, prefix="translation"),
            reading=ReadingForm(initial=reading),
            seen=SeenForm(initial={"seen": rules.version}),
        )

    @classmethod
    def sent(cls, data: Any, *, studio: Studio) -> Self:
        return cls(
            studio=studio,
            rules=RuleFormSet(data, prefix="field", form_kwargs={"studio": studio}),
            translations=TranslationFormSet(data, prefix="translation"),
            reading=ReadingForm(data),
            seen=SeenForm(data),
        )

    def is_valid(self) -> bool:
        """Asks all parts, so that each shows what is wrong with it."""
        answers = [part.is_valid() for part in (self.rules, self.translations, self.reading, self.seen)]
        if answers[0] and answers[1]:
            self.translations.read(self.rules_by_sent_key(), studio=self.studio)
            answers[1] = not any(form.errors for form in self.translations.forms)
        return all(answers)

    def rules_by_sent_key(self) -> dict[str, FieldRule]:
        """By the key that the page was drawn with: a custom field may have been renamed on it."""
        return {
            rule_key(target=Target.CUSTOM, custom_label=form.cleaned_data["was_label"])
            if form.cleaned_data["was_label"]
            else rule.key: rule
            for form in self.rules.forms
            if (rule := form.rule()) is not None
        }

    def chosen_rules(self) -> list[FieldRule]:
        return [rule for rule in (form.rule() for form in self.rules.forms) if rule is not None]

    def chosen_tables(self) -> Mapping[str, Mapping[str, str]]:
        """By the keys of the rules as they are now."""
        now = {sent: rule.key for sent, rule in self.rules_by_sent_key().items()}
        return {now.get(key, key): table for key, table in self.translations.tables().items()}
