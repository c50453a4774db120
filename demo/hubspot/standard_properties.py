"""The property definitions of a new portal, with the custom ones of the demo company."""

from datetime import UTC, datetime

from demo.hubspot.pipelines import Pipeline
from demo.hubspot.property_definitions import Option, Property, PropertyType

FREQUENCIES = {
    "monthly": "Monthly",
    "quarterly": "Quarterly",
    "semi_annual": "Semi-annual",
    "annual": "Annual",
    "one_time": "One-time",
}
CURRENCIES = {"USD": "US Dollar", "EUR": "Euro", "GBP": "Pound Sterling"}


def options_of(values: dict[str, str]) -> tuple[Option, ...]:
    return tuple(Option(value=value, label=label) for value, label in values.items())


def plain_properties(
    group: str, kind: PropertyType, field_type: str, names: dict[str, str]
) -> list[Property]:
    return [
        Property(name=name, label=label, type=kind, field_type=field_type, group=group)
        for name, label in names.items()
    ]


def system_properties(group: str, *, modified: str) -> list[Property]:
    moments = {"createdate": "Create Date", modified: "Last Modified Date"}
    return [
        *(
            Property(name=name, label=label, type="datetime", field_type="date", group=group, read_only=True)
            for name, label in moments.items()
        ),
        Property(
            name="hs_object_id",
            label="Record ID",
            type="number",
            field_type="number",
            group=group,
            read_only=True,
        ),
        Property(
            name="hs_merged_object_ids",
            label="Merged Record IDs",
            type="enumeration",
            field_type="checkbox",
            group=group,
            hidden=True,
            read_only=True,
        ),
        Property(
            name="hubspot_owner_id",
            label="Owner",
            type="enumeration",
            field_type="select",
            group=group,
            refers_to="OWNER",
        ),
    ]


def deal_properties(pipelines: list[Pipeline]) -> list[Property]:
    group = "dealinformation"
    return [
        *plain_properties(group, "string", "text", {"dealname": "Deal Name", "hs_next_step": "Next step"}),
        *plain_properties(group, "string", "textarea", {"description": "Deal Description"}),
        *plain_properties(group, "datetime", "date", {"closedate": "Close Date"}),
        *_deal_choices(group, pipelines),
        Property(
            name="amount",
            label="Amount",
            type="number",
            field_type="number",
            group=group,
            currency_property="deal_currency_code",
        ),
        *system_properties(group, modified="hs_lastmodifieddate"),
        *_calculated(group),
        *_custom_deal_properties(group),
        *(prop for pipeline in pipelines for prop in _stage_properties(pipeline)),
    ]


def properties_of_stages(pipelines: list[Pipeline]) -> list[Property]:
    """Those that follow the pipelines when they change."""
    return [
        *_choices_of_stages("dealinformation", pipelines),
        *(prop for pipeline in pipelines for prop in _stage_properties(pipeline)),
    ]


def _deal_choices(group: str, pipelines: list[Pipeline]) -> list[Property]:
    types = {"newbusiness": "New Business", "existingbusiness": "Existing Business"}
    return [
        *_choices_of_stages(group, pipelines),
        _choice(group, "deal_currency_code", "Currency", "select", CURRENCIES),
        _choice(group, "dealtype", "Deal Type", "radio", types),
    ]


def _choices_of_stages(group: str, pipelines: list[Pipeline]) -> list[Property]:
    stages = {
        stage.id: f"{stage.label} ({pipeline.label})" for pipeline in pipelines for stage in pipeline.stages
    }
    labels = {pipeline.id: pipeline.label for pipeline in pipelines}
    return [
        _choice(group, "dealstage", "Deal Stage", "radio", stages),
        _choice(group, "pipeline", "Pipeline", "select", labels),
    ]


def _choice(group: str, name: str, label: str, field_type: str, values: dict[str, str]) -> Property:
    return Property(
        name=name,
        label=label,
        type="enumeration",
        field_type=field_type,
        group=group,
        options=options_of(values),
    )


def _calculated(group: str) -> list[Property]:
    kinds: dict[PropertyType, dict[str, str]] = {
        "bool": {"hs_is_closed": "Is Deal Closed?", "hs_is_closed_won": "Is Closed Won"},
        "datetime": {"hs_closed_won_date": "Closed Won Date"},
        "string": {"hs_object_source": "Record source", "hs_object_source_label": "Record source label"},
        "number": {
            "amount_in_home_currency": "Amount in company currency",
            "days_to_close": "Days to close",
            "hs_closed_amount": "Closed Deal Amount",
            "hs_deal_stage_probability": "Deal probability",
            "hs_acv": "Annual contract value",
            "hs_arr": "Annual recurring revenue",
            "hs_mrr": "Monthly recurring revenue",
            "hs_tcv": "Total contract value",
        },
    }
    return [
        Property(
            name=name,
            label=label,
            type=kind,
            field_type="calculation_equation",
            group=group,
            calculated=True,
        )
        for kind, names in kinds.items()
        for name, label in names.items()
    ]


def _custom_deal_properties(group: str) -> list[Property]:
    return [
        Property(
            name="contract_term_months",
            label="Contract Term",
            type="number",
            field_type="number",
            group=group,
            description="Length of the contract in months",
            custom=True,
        ),
        Property(
            name="billing_frequency",
            label="Billing Frequency",
            type="enumeration",
            field_type="radio",
            group=group,
            description="How often the customer is billed",
            options=options_of(FREQUENCIES),
            custom=True,
        ),
        Property(
            name="po_number",
            label="PO Number",
            type="string",
            field_type="text",
            group=group,
            custom=True,
        ),
        Property(
            name="tax_number",
            label="Tax Number",
            type="string",
            field_type="text",
            group=group,
            custom=True,
            sensitivity="sensitive",
        ),
        Property(
            name="payment_terms_old",
            label="Payment Terms (old)",
            type="string",
            field_type="text",
            group=group,
            custom=True,
            archived_at=datetime(2025, 3, 3, 8, 0, 12, tzinfo=UTC),
        ),
    ]


def _stage_properties(pipeline: Pipeline) -> list[Property]:
    kinds: list[tuple[str, str, PropertyType]] = [
        ("hs_v2_date_entered_", "Date entered", "datetime"),
        ("hs_v2_date_exited_", "Date exited", "datetime"),
        ("hs_v2_latest_time_in_", "Latest time in", "number"),
        ("hs_v2_cumulative_time_in_", "Cumulative time in", "number"),
    ]
    return [
        Property(
            name=f"{prefix}{stage.id}",
            label=f'{words} "{stage.label} ({pipeline.label})"',
            type=kind,
            field_type="calculation_read_time" if kind == "number" else "calculation_equation",
            group="deal_stage_properties",
            calculated=True,
        )
        for stage in pipeline.stages
        for prefix, words, kind in kinds
    ]


def company_properties() -> list[Property]:
    group = "companyinformation"
    texts = {
        "name": "Company name",
        "domain": "Company Domain Name",
        "website": "Website URL",
        "phone": "Phone Number",
        "address": "Street Address",
        "city": "City",
        "state": "State/Region",
        "zip": "Postal Code",
        "country": "Country/Region",
    }
    return [
        *plain_properties(group, "string", "text", texts),
        *plain_properties(group, "string", "textarea", {"description": "Description"}),
        *plain_properties(group, "number", "number", {"annualrevenue": "Annual Revenue"}),
        *plain_properties(group, "number", "number", {"numberofemployees": "Number of Employees"}),
        Property(
            name="industry",
            label="Industry",
            type="enumeration",
            field_type="select",
            group=group,
            options=options_of({"ACCOUNTING": "Accounting", "COMPUTER_SOFTWARE": "Computer Software"}),
        ),
        Property(
            name="hs_additional_domains",
            label="Additional Domains",
            type="enumeration",
            field_type="checkbox",
            group=group,
            hidden=True,
        ),
        *system_properties(group, modified="hs_lastmodifieddate"),
        Property(
            name="vat_number",
            label="VAT Number",
            type="string",
            field_type="text",
            group=group,
            custom=True,
        ),
    ]


def contact_properties() -> list[Property]:
    group = "contactinformation"
    texts = {
        "firstname": "First Name",
        "lastname": "Last Name",
        "company": "Company Name",
        "jobtitle": "Job Title",
        "phone": "Phone Number",
    }
    return [
        Property(name="email", label="Email", type="string", field_type="text", group=group, unique=True),
        *plain_properties(group, "string", "text", texts),
        *plain_properties(
            group, "number", "number", {"associatedcompanyid": "Primary Associated Company ID"}
        ),
        *plain_properties(
            group, "enumeration", "checkbox", {"hs_additional_emails": "Additional email addresses"}
        ),
        *system_properties(group, modified="lastmodifieddate"),
    ]
