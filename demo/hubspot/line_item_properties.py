"""The property definitions of line items."""

from demo.hubspot.property_definitions import Property
from demo.hubspot.standard_properties import CURRENCIES, options_of, plain_properties, system_properties

MONTHS_OF_FREQUENCY = {
    "monthly": 1,
    "quarterly": 3,
    "per_six_months": 6,
    "annually": 12,
    "per_two_years": 24,
    "per_three_years": 36,
}
FREQUENCY_LABELS = {name: name.replace("_", " ").capitalize() for name in MONTHS_OF_FREQUENCY}


def line_item_properties() -> list[Property]:
    group = "lineiteminformation"
    texts = {"name": "Name", "hs_sku": "SKU", "hs_recurring_billing_period": "Term"}
    numbers = {"price": "Unit price", "quantity": "Quantity", "hs_product_id": "Product ID"}
    dates = {
        "hs_recurring_billing_start_date": "Start date",
        "hs_recurring_billing_end_date": "End date",
    }
    return [
        *plain_properties(group, "string", "text", texts),
        *plain_properties(group, "number", "number", numbers),
        *plain_properties(group, "date", "date", dates),
        Property(
            name="recurringbillingfrequency",
            label="Billing frequency",
            type="enumeration",
            field_type="select",
            group=group,
            options=options_of(FREQUENCY_LABELS),
        ),
        Property(
            name="hs_line_item_currency_code",
            label="Currency",
            type="enumeration",
            field_type="select",
            group=group,
            options=options_of(CURRENCIES),
        ),
        Property(
            name="amount",
            label="Net price",
            type="number",
            field_type="calculation_equation",
            group=group,
            calculated=True,
        ),
        *system_properties(group, modified="hs_lastmodifieddate"),
    ]
