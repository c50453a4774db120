"""The form of the Field Mapping page, as the page draws it and a browser sends it."""

import re
from html import unescape
from typing import Any

from django.test import Client

from crm_sync.models import Connection
from tests.crm_sync.page_rows import MAPPED

FIXED = (
    "customer_name",
    "contract_value",
    "start_date",
    "duration",
    "billing_cycle",
    "billing_timing",
    "account_manager",
    "currency",
    "billing_email",
    "street",
    "street_2",
    "post_code",
    "city",
    "region",
    "country",
    "address",
    "tax_id",
    "tax_rate",
    "po_number",
)


def entered(
    changes: dict[str, dict[str, str]] | None = None,
    *,
    translations: list[tuple[str, str]] | None = None,
    custom: dict[str, str] | None = None,
    **reading: str,
) -> dict[str, Any]:
    """The whole form as the page draws it for `connect()`, with some rows changed."""
    form: dict[str, Any] = {"amount_means": "total", "term_unit": "months", **reading}
    listed = [
        {"target": target, "source": ":".join(MAPPED.get(target, ())), "default_value": ""}
        for target in FIXED
    ]
    listed.append({"target": "custom", "custom_home": "contract", **(custom or {})})
    for number, row in enumerate(listed):
        for name, value in (row | (changes or {}).get(row["target"], {})).items():
            form[f"field-{number}-{name}"] = value
    for number, (raw, cycle) in enumerate(translations or []):
        form[f"translation-{number}-key"] = "billing_cycle"
        form[f"translation-{number}-raw_value"] = raw
        form[f"translation-{number}-value"] = cycle
    form |= {"field-TOTAL_FORMS": len(listed), "field-INITIAL_FORMS": len(listed)}
    return form | {
        "translation-TOTAL_FORMS": len(translations or []),
        "translation-INITIAL_FORMS": 0,
    }


def address(connection: Connection) -> str:
    return f"/settings/mapping/{connection.pk}/"


def sent_back(browser: Client, connection: Connection, **changes: str) -> dict[str, str]:
    """The form as the page draws it."""
    page = browser.get(address(connection)).text
    form = parse(page.partition('id="mapping"')[2].partition("</form>")[0])
    return form | changes


def parse(html: str) -> dict[str, str]:
    """What a browser would send of these controls."""
    form = {}
    for tag in re.findall(r"<input [^>]+>", html):
        names = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        is_box = names.get("type") == "checkbox"
        if "name" in names and (not is_box or " checked" in tag):
            form[unescape(names["name"])] = unescape(names.get("value", "on" if is_box else ""))
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        chosen = [value for value, selected in values if selected] or [values[0][0]]
        form[unescape(name)] = unescape(chosen[0])
    return form
