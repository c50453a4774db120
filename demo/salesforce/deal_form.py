"""The form in which a person edits a deal or makes a new one."""

from collections.abc import Mapping
from typing import Any

from demo.http_server import Request
from demo.pages import Markup, Templates, join, options
from demo.salesforce.columns import Row
from demo.salesforce.org import Org
from demo.salesforce.values import stored

FIELDS = {
    "name": "Name",
    "stage": "StageName",
    "amount": "Amount",
    "close_date": "CloseDate",
    "term": "Contract_Term__c",
    "frequency": "Billing_Frequency__c",
    "po_number": "PO_Number__c",
    "account": "AccountId",
    "owner": "OwnerId",
}
REQUIRED = frozenset({"Name", "StageName", "CloseDate", "OwnerId"})
NONE = ("", "None")


class UnableToReadForm(Exception):
    """What is missing or cannot be read."""


class DealForm:
    def __init__(self, *, org: Org, templates: Templates) -> None:
        self._org = org
        self._templates = templates

    def read(self, request: Request) -> dict[str, Any]:
        """The fields by API name. Text loses its outer blanks, except for a stage."""
        form = request.form()
        read = {name: self._read(name, form.get(key, "")) for key, name in FIELDS.items()}
        new_account = form.get("new_account", "").strip()
        if new_account:
            read["AccountId"] = self._org.add_account(new_account)
        return read

    def _read(self, name: str, text: str) -> object:
        field = self._org.schema.field("Opportunity", name)
        try:
            value = stored(field.type, text if name == "StageName" else text.strip())
        except ValueError:
            raise UnableToReadForm(f"{field.label}: cannot read {text}") from None
        if value is None and name in REQUIRED:
            raise UnableToReadForm(f"{field.label} is missing.")
        return value

    def existing(self, row: Row, *, notice: Markup) -> Markup:
        deal_id = row["Id"]
        parts = ["undelete.html"] if row["IsDeleted"] else ["delete.html"]
        if not (row["IsClosed"] or row["IsDeleted"]):
            parts.insert(0, "close_won.html")
        button = join(self._templates.render(part, id=deal_id, back="") for part in parts)
        facts = self._templates.render("facts.html", id=deal_id, modified=row["SystemModstamp"])
        return self._form(
            row, action=f"/deals/{deal_id}", notice=notice, close_won=button, facts=facts, new_account=""
        )

    def new(self, row: Mapping[str, object], *, notice: Markup) -> Markup:
        new_account = self._templates.render("new_account.html")
        return self._form(
            row, action="/deals/new", notice=notice, close_won="", facts="", new_account=new_account
        )

    def _form(self, row: Mapping[str, object], **parts: str) -> Markup:
        return self._templates.render(
            "deal.html",
            **parts,
            name=row.get("Name"),
            stages=self._picklist("StageName", row),
            amount=row.get("Amount"),
            close_date=row.get("CloseDate"),
            term=row.get("Contract_Term__c"),
            frequencies=self._picklist("Billing_Frequency__c", row, NONE),
            po_number=row.get("PO_Number__c"),
            accounts=self._lookup("Account", row.get("AccountId"), NONE),
            owners=self._lookup("User", row.get("OwnerId")),
        )

    def _picklist(self, name: str, row: Mapping[str, object], *empty: tuple[str, str]) -> Markup:
        """The listed values, and the one the deal has when that is not among them."""
        listed = [each.value for each in self._org.schema.field("Opportunity", name).picklist]
        current = str(row.get(name) or "")
        extra = [current] if current and current not in listed else []
        return options([*empty, *((each, shown(each)) for each in listed + extra)], selected=current)

    def _lookup(self, object_name: str, value: object, *empty: tuple[str, str]) -> Markup:
        live = (row for row in self._org.records(object_name) if not row.get("IsDeleted"))
        rows = sorted(live, key=lambda row: str(row["Name"]))
        pairs = [(str(row["Id"]), str(row["Name"])) for row in rows]
        return options([*empty, *pairs], selected=str(value or ""))


def shown(text: str) -> str:
    """Makes blanks at the ends visible."""
    return text if text == text.strip() else f'"{text}"'
