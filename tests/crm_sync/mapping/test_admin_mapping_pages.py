"""The admin of support: mending a field mapping."""

import pytest
from django.test import Client

from contracts.models import AuditEntry
from crm_sync.enums import NumberFormat, Target, TermUnit
from crm_sync.mapping.store import confirmed_rules
from crm_sync.models import Connection, FieldMapping, MappingVersion, Translation
from tests.audited import changes
from tests.crm_sync.admin_rows import page_of, staff
from tests.crm_sync.page_rows import connect, deal
from tests.crm_sync.stored import row_versions
from tests.pages import words

pytestmark = pytest.mark.django_db
COLUMNS = (
    "target",
    "custom_label",
    "custom_home",
    "source_object",
    "source_field",
    "default_value",
    "transform",
    "number_format",
    "term_unit",
    "custom_type",
)


@pytest.fixture
def support(db: None) -> Client:
    return staff("Support")


def inlines(connection: Connection, **changes: str) -> dict[str, str]:
    """The form of a connection's page as it is drawn, with the named fields changed."""
    form: dict[str, str] = {}
    for prefix, rows in (
        ("field_mappings", list(connection.field_mappings.order_by("pk"))),
        ("translations", list(connection.translations.order_by("pk"))),
    ):
        form |= {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": str(len(rows))}
        for number, row in enumerate(rows):
            form |= {
                f"{prefix}-{number}-id": str(row.pk),
                f"{prefix}-{number}-connection": str(connection.pk),
            }
            names = (
                COLUMNS if prefix == "field_mappings" else ("target", "custom_label", "raw_value", "value")
            )
            form |= {f"{prefix}-{number}-{name}": getattr(row, name) for name in names}
    return form | changes


def test_support_mends_a_mapping_and_a_version_is_made(support: Client) -> None:
    connection = connect(cursor_external_id="006A")
    deal(connection)
    Translation.objects.create(connection=connection, raw_value="Yearly", value="annual")

    page = support.post(
        page_of(connection),
        inlines(
            connection,
            **{"field_mappings-1-source_field": "Total__c", "translations-0-value": "monthly"},
        ),
        follow=True,
    )

    connection.refresh_from_db()
    version = connection.mapping_version
    assert version is not None
    assert (version.number, version.author.get_username()) == (2, "support")
    assert version.snapshot["translations"] == {"billing_cycle": {"yearly": "monthly"}}
    assert "Version 2 of the field mapping is in force. Held deals read again: 1." in words(page.text)
    assert connection.cursor_external_id == "006A"
    assert AuditEntry.objects.get().actor_name == "support"


def test_saving_the_same_again_makes_no_version(support: Client) -> None:
    connection = connect()
    support.post(page_of(connection), inlines(connection))

    page = support.post(page_of(connection), inlines(connection), follow=True)

    assert "The field mapping is the same as before." in words(page.text)
    assert MappingVersion.objects.count() == 2


def test_rows_are_added_and_removed(support: Client) -> None:
    connection = connect()
    number = len(FieldMapping.objects.all())
    added = {
        f"field_mappings-{number}-{name}": value
        for name, value in zip(
            COLUMNS,
            ("custom", "Cost centre", "customer", "deal", "Centre__c", "", "", "", "", "number"),
            strict=True,
        )
    }

    support.post(
        page_of(connection),
        inlines(
            connection,
            **added,
            **{
                "field_mappings-TOTAL_FORMS": str(number + 1),
                "field_mappings-0-DELETE": "on",
                "field_mappings-0-default_value": "",
            },
        ),
    )
    refused = FieldMapping.objects.count()
    support.post(
        page_of(connection), inlines(connection, **added, **{"field_mappings-TOTAL_FORMS": str(number + 1)})
    )

    assert (refused, FieldMapping.objects.count()) == (number, number + 1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"field_mappings-1-source_field": "Amount; DROP"}, "“Amount; DROP” is no API name of a field."),
        ({"field_mappings-3-source_field": ""}, "Contract Duration needs a CRM field or a default value."),
        ({"field_mappings-1-target": "duration"}, "Please correct"),
        ({"field_mappings-1-target": "custom"}, "Please correct"),
        (
            {"field_mappings-3-default_value": "soon"},
            "Contract Duration has a default value that cannot be read: “soon” is not a duration",
        ),
        (
            {"field_mappings-4-transform": "table_only", "translations-0-DELETE": "on"},
            "Billing Cycle is read by its translation table only, which is empty; add translations.",
        ),
        (
            {"translations-0-value": "Bi-annual"},
            "Billing Cycle has a translation of “jährlich” that cannot be read: “Bi-annual” can mean",
        ),
        ({"translations-0-target": "contract_value"}, "Contract Value is read, not translated"),
        ({"translations-0-target": "custom"}, "Name the custom field, and no other."),
        ({"translations-0-raw_value": "- _"}, "Enter the value as the CRM has it."),
        ({"seen_version": "7"}, "Somebody else saved version 1 while you edited version 7."),
    ],
)
def test_mapping_that_could_not_be_confirmed_is_not_saved(
    support: Client, changes: dict[str, str], sentence: str
) -> None:
    connection = connect()
    Translation.objects.create(connection=connection, raw_value="Jährlich", value="annual")
    before = row_versions()

    page = support.post(page_of(connection), inlines(connection, **changes))

    assert page.status_code == 200
    assert sentence in words(page.text)
    assert row_versions() == before


def test_operator_may_look_but_not_mend(db: None) -> None:
    client = staff("Operator")
    connection = connect()

    assert client.get(page_of(connection)).status_code == 200
    assert client.post(page_of(connection), inlines(connection)).status_code == 403


def test_what_support_types_is_kept_as_the_page_keeps_it(support: Client) -> None:
    connection = connect()
    Translation.objects.create(connection=connection, raw_value="Jährlich", value="annual")

    support.post(
        page_of(connection),
        inlines(
            connection,
            **{
                "field_mappings-3-default_value": "1 year",
                "field_mappings-3-term_unit": "years",
                "field_mappings-1-number_format": "comma_groups",
                "translations-0-value": "Per year",
                "seen_version": "1",
            },
        ),
    )

    rules = confirmed_rules(connection=Connection.objects.get())
    duration, value = rules.rule(Target.DURATION), rules.rule(Target.CONTRACT_VALUE)
    assert (duration.default_value, duration.term_unit) == ("12 months", TermUnit.YEARS)
    assert value.number_format is NumberFormat.COMMA_GROUPS
    assert rules.translations == {"billing_cycle": {"jährlich": "annual"}}
    assert MappingVersion.objects.count() == 2


def test_page_names_the_version_that_it_was_drawn_with(support: Client) -> None:
    assert 'name="seen_version" value="1"' in support.get(page_of(connect())).text


def test_who_may_change_connections_sets_the_mode_by_the_same_rules() -> None:
    connection = connect(cursor_external_id="006A", mode="preview")
    previewed = deal(connection, fingerprint="preview-1", state="previewed")

    staff("Finance").post(page_of(connection), inlines(connection) | {"mode": "live"})

    connection.refresh_from_db()
    previewed.refresh_from_db()
    assert (connection.mode, connection.cursor_external_id, previewed.fingerprint) == ("live", "", "")
    entry = AuditEntry.objects.get(action="connection settings changed")
    assert (entry.actor_name, entry.before, entry.after) == (
        "finance",
        {"mode": "preview"},
        {"mode": "live"},
    )


def test_support_sees_the_mode_and_cannot_set_it(support: Client) -> None:
    connection = connect(mode="preview")

    support.post(page_of(connection), inlines(connection) | {"mode": "live"})

    connection.refresh_from_db()
    assert connection.mode == "preview"


def chosen_action(client: Client, connection: Connection, action: str) -> list[str]:
    page = client.post(
        "/admin/crm_sync/connection/",
        {"action": action, "_selected_action": [connection.pk]},
        follow=True,
    )
    connection.refresh_from_db()
    return [str(message) for message in page.context["messages"]]


def test_who_may_change_connections_pauses_and_resumes_them_by_the_same_rules() -> None:
    connection = connect(cursor_external_id="006A")
    client = staff("Finance")

    paused = chosen_action(client, connection, "pause")
    state, cursor = connection.state, connection.cursor_external_id
    again = chosen_action(client, connection, "pause")
    resumed = chosen_action(client, connection, "resume")

    assert (state, cursor, connection.state) == ("paused", "006A", "connected")
    assert (paused, again, resumed) == (
        [f"{connection} is paused. It continues later where it stopped."],
        [f"{connection} is not importing, so there is nothing to pause."],
        [f"{connection} continues. The next sync reads all that has changed since."],
    )
    actions = changes().order_by("id").values_list("action", "actor_name")
    assert list(actions)[-2:] == [("connection paused", "finance"), ("connection resumed", "finance")]


def test_support_cannot_pause_in_the_admin(support: Client) -> None:
    connection = connect()

    chosen_action(support, connection, "pause")

    assert connection.state == "connected"
