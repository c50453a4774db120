"""What the database refuses of customers and contracts, whoever asks."""

import pgtrigger

from contracts.custom_values import fits_sql
from contracts.enums import CustomFieldHome

STAMPED = """
    NEW.at = clock_timestamp();
    NEW.system = (SELECT system_identifier FROM pg_control_system());
    NEW.xid = pg_current_xact_id();
    RETURN NEW;
"""
REFUSED = "The custom field % holds %, which is no value of its type."


class CustomValuesFit(pgtrigger.Trigger):
    """Values of custom fields are texts in the form of their type. Asked once for each statement."""

    when = pgtrigger.After
    level = pgtrigger.Statement
    referencing = pgtrigger.Referencing(new="written")
    declare = [("refused", "record")]

    def __init__(self, *, name: str, operation: pgtrigger.Operation, home: CustomFieldHome) -> None:
        super().__init__(name=name, operation=operation)
        self.home = home

    def get_func(self, model: object) -> str:
        return f"""
            SELECT field.label, misfit.value INTO refused
            FROM contracts_customfield field, LATERAL (
                SELECT written.custom_fields ->> field.label AS value FROM written
                WHERE jsonb_exists(written.custom_fields, field.label)
                  AND ({fits_sql(type="field.type", value="(written.custom_fields ->> field.label)")})
                  IS NOT TRUE
                LIMIT 1
            ) misfit
            WHERE field.home = '{self.home.value}' AND field.type <> 'text'
            LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION '{REFUSED}', refused.label, refused.value USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        """  # noqa: S608  constants


def values_fit(home: CustomFieldHome) -> list[pgtrigger.Trigger]:
    """One for inserts and one for updates: a trigger that sees all rows of a statement has one event."""
    return [
        CustomValuesFit(name=f"{home.value}_values_fit_insert", operation=pgtrigger.Insert, home=home),
        CustomValuesFit(name=f"{home.value}_values_fit_update", operation=pgtrigger.Update, home=home),
    ]


def never_emptied(*, name: str, words: str) -> pgtrigger.Trigger:
    """TRUNCATE passes by the triggers of rows."""
    sentence = f"{words} are kept for ever: this table cannot be emptied."
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        level=pgtrigger.Statement,
        func=f"RAISE EXCEPTION '{sentence}' USING ERRCODE = 'restrict_violation';",
    )


def appended_only(*, name: str) -> list[pgtrigger.Trigger]:
    """Rows come, and none is changed or goes."""
    return [
        pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete),
        never_emptied(name=f"{name}_whole", words="Entries of the audit"),
    ]


def stamped(*, name: str) -> pgtrigger.Trigger:
    """The database says when a row was written and in which transaction, whatever the writer says."""
    return pgtrigger.Trigger(name=name, when=pgtrigger.Before, operation=pgtrigger.Insert, func=STAMPED)
