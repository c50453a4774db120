"""Which objects and fields the simulated org has, and which of them the connecting user may see."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from demo.salesforce.ids import PREFIXES

TEXT_TYPES = frozenset({"string", "picklist", "combobox", "textarea", "email", "phone", "url"})
MULTI_CURRENCY = "multi_currency"
PERSON_ACCOUNTS = "person_accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class PicklistValue:
    value: str
    label: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`permissionable`: field-level security can hide it. `feature`: only there when that is switched on."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    permissionable: bool = False
    updateable: bool = True
    filterable: bool = True
    custom: bool = False
    refers_to: str = ""
    relationship: str | None = None
    feature: str = ""
    picklist: tuple[PicklistValue, ...] = ()

    @property
    def is_text(self) -> bool:
        return self.type in TEXT_TYPES


def picklist(*values: str) -> tuple[PicklistValue, ...]:
    return tuple(PicklistValue(value=value, label=value) for value in values)


def _text(name: str, label: str, length: int = 255, *, type: str = "string", **more: object) -> Field:
    return _field(name, label, type, length=length, **more)


def _field(name: str, label: str, type: str, **more: object) -> Field:
    return Field(name=name, label=label, type=type, **{"permissionable": True, **more})  # type: ignore[arg-type]


def _system(name: str, label: str, type: str, **more: object) -> Field:
    return _field(
        name, label, type, **{"permissionable": False, "updateable": False, "nillable": False, **more}
    )


def _lookup(name: str, label: str, refers_to: str, relationship: str | None, **more: object) -> Field:
    return _field(name, label, "reference", length=18, refers_to=refers_to, relationship=relationship, **more)


UNCHANGEABLE = {"permissionable": False, "updateable": False}
AUDIT = (
    _system("CreatedDate", "Created Date", "datetime"),
    _lookup("CreatedById", "Created By ID", "User", "CreatedBy", nillable=False, permissionable=False),
    _system("LastModifiedDate", "Last Modified Date", "datetime"),
    _lookup(
        "LastModifiedById",
        "Last Modified By ID",
        "User",
        "LastModifiedBy",
        nillable=False,
        permissionable=False,
    ),
    _system("SystemModstamp", "System Modstamp", "datetime"),
)
ID = _system("Id", "Record ID", "id", length=18)
IS_DELETED = _system("IsDeleted", "Deleted", "boolean")
CURRENCY = _text(
    "CurrencyIsoCode", "Currency", 3, type="picklist", permissionable=False, feature=MULTI_CURRENCY
)

OPPORTUNITY = (
    ID,
    IS_DELETED,
    _lookup("AccountId", "Account ID", "Account", "Account"),
    _field("IsPrivate", "Private", "boolean", nillable=False),
    _text("Name", "Name", 120, nillable=False, permissionable=False),
    _text("Description", "Description", 32000, type="textarea", filterable=False),
    _text("StageName", "Stage", type="picklist", nillable=False, permissionable=False),
    _field("Amount", "Amount", "currency", precision=18, scale=2),
    _field("Probability", "Probability (%)", "percent", precision=3),
    _field("ExpectedRevenue", "Expected Amount", "currency", precision=18, scale=2, updateable=False),
    _field("TotalOpportunityQuantity", "Quantity", "double", precision=18, scale=2),
    _field("CloseDate", "Close Date", "date", nillable=False, permissionable=False),
    _text(
        "Type", "Opportunity Type", type="picklist", picklist=picklist("Existing Business", "New Business")
    ),
    _text("NextStep", "Next Step"),
    _text(
        "LeadSource",
        "Lead Source",
        type="picklist",
        picklist=picklist("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"),
    ),
    _system("IsClosed", "Closed", "boolean"),
    _system("IsWon", "Won", "boolean"),
    _text("ForecastCategory", "Forecast Category", 40, type="picklist", nillable=False, permissionable=False),
    _text("ForecastCategoryName", "Forecast Category", 40, type="picklist", permissionable=False),
    CURRENCY,
    _lookup("CampaignId", "Campaign ID", "Campaign", None),
    _system("HasOpportunityLineItem", "Has Line Item", "boolean"),
    _lookup("Pricebook2Id", "Price Book ID", "Pricebook2", None),
    _lookup("OwnerId", "Owner ID", "User", "Owner", nillable=False, permissionable=False),
    *AUDIT,
    _system("LastActivityDate", "Last Activity", "date", nillable=True),
    _system("LastStageChangeDate", "Last Stage Change Date", "datetime", nillable=True),
    _system("FiscalQuarter", "Fiscal Quarter", "int", nillable=True),
    _system("FiscalYear", "Fiscal Year", "int", nillable=True),
    _system("Fiscal", "Fiscal Period", "string", length=6, nillable=True),
    _lookup("ContactId", "Contact ID", "Contact", None, updateable=False),
    _system("LastViewedDate", "Last Viewed Date", "datetime", nillable=True),
    _system("LastReferencedDate", "Last Referenced Date", "datetime", nillable=True),
    _system("HasOpenActivity", "Has Open Activity", "boolean", filterable=False),
    _system("HasOverdueTask", "Has Overdue Task", "boolean", filterable=False),
    _lookup(
        "LastAmountChangedHistoryId", "Opportunity History ID", "OpportunityHistory", None, **UNCHANGEABLE
    ),
    _lookup(
        "LastCloseDateChangedHistoryId", "Opportunity History ID", "OpportunityHistory", None, **UNCHANGEABLE
    ),
)

HISTORY = (
    ID,
    _lookup("OpportunityId", "Opportunity ID", "Opportunity", "Opportunity", nillable=False, **UNCHANGEABLE),
    _lookup("CreatedById", "Created By ID", "User", "CreatedBy", nillable=False, **UNCHANGEABLE),
    _system("CreatedDate", "Created Date", "datetime"),
    _text("StageName", "Stage Name", type="picklist", **UNCHANGEABLE),
    _field("Amount", "Amount", "currency", precision=18, scale=2, **UNCHANGEABLE),
    _field("ExpectedRevenue", "Expected Revenue", "currency", precision=18, scale=2, **UNCHANGEABLE),
    _system("CloseDate", "Close Date", "date", nillable=True),
    _system("Probability", "Probability", "percent", precision=3, nillable=True),
    _text("ForecastCategory", "To ForecastCategory", 40, type="picklist", **UNCHANGEABLE),
    _field("PrevAmount", "Previous Amount", "currency", precision=18, scale=2, **UNCHANGEABLE),
    _system("PrevCloseDate", "Previous Close Date", "date", nillable=True),
    CURRENCY,
    _system("SystemModstamp", "System Modstamp", "datetime"),
    IS_DELETED,
)

CONTACT = (
    ID,
    IS_DELETED,
    _lookup("AccountId", "Account ID", "Account", "Account"),
    _text("LastName", "Last Name", 80, nillable=False, permissionable=False),
    _text("FirstName", "First Name", 40, permissionable=False),
    _text("Name", "Full Name", 121, nillable=False, permissionable=False, updateable=False),
    _text("Title", "Title", 128),
    _text("Email", "Email", 80, type="email"),
    _text("Phone", "Business Phone", 40, type="phone"),
    CURRENCY,
    _lookup("OwnerId", "Owner ID", "User", "Owner", nillable=False, permissionable=False),
    *AUDIT,
)

ACCOUNT = (
    ID,
    IS_DELETED,
    _lookup("MasterRecordId", "Master Record ID", "Account", "MasterRecord", permissionable=False),
    _text("Name", "Account Name", nillable=False, permissionable=False),
    _text("Type", "Account Type", type="picklist", picklist=picklist("Prospect", "Customer", "Partner")),
    _lookup("ParentId", "Parent Account ID", "Account", "Parent"),
    _text("BillingStreet", "Billing Street", type="textarea"),
    _text("BillingCity", "Billing City", 40),
    _text("BillingState", "Billing State/Province", 80),
    _text("BillingPostalCode", "Billing Zip/Postal Code", 20),
    _text("BillingCountry", "Billing Country", 80),
    _text("Phone", "Account Phone", 40, type="phone"),
    _text("Website", "Website", type="url"),
    _text("Industry", "Industry", type="picklist", picklist=picklist("Energy", "Healthcare", "Technology")),
    _text("AccountNumber", "Account Number", 40),
    _text("Description", "Account Description", 32000, type="textarea", filterable=False),
    CURRENCY,
    _lookup("OwnerId", "Owner ID", "User", "Owner", nillable=False, permissionable=False),
    *AUDIT,
    _system("IsPersonAccount", "Is Person Account", "boolean", feature=PERSON_ACCOUNTS),
    _text("FirstName", "First Name", 40, feature=PERSON_ACCOUNTS),
    _text("LastName", "Last Name", 80, feature=PERSON_ACCOUNTS),
    _text("PersonEmail", "Email", 80, type="email", feature=PERSON_ACCOUNTS),
    _lookup("PersonContactId", "Contact ID", "Contact", None, feature=PERSON_ACCOUNTS),
)

USER = (
    ID,
    _text("Username", "Username", 80, nillable=False, permissionable=False),
    _text("LastName", "Last Name", 80, nillable=False, permissionable=False),
    _text("FirstName", "First Name", 40, permissionable=False),
    _text("Name", "Full Name", 121, nillable=False, permissionable=False),
    _text("Email", "Email", 128, type="email", nillable=False, permissionable=False),
    _text("Alias", "Alias", 8, nillable=False, permissionable=False),
    _system("IsActive", "Active", "boolean"),
    _text("UserType", "User Type", 40, type="picklist", permissionable=False),
    _text("TimeZoneSidKey", "Time Zone", 40, type="picklist", nillable=False, permissionable=False),
    _text("LocaleSidKey", "Locale", 40, type="picklist", nillable=False, permissionable=False),
    _text("LanguageLocaleKey", "Language", 40, type="picklist", nillable=False, permissionable=False),
    *AUDIT,
)

STAGE = (
    ID,
    _text("MasterLabel", "Master Label", permissionable=False),
    _text("ApiName", "API Name", permissionable=False),
    _system("IsActive", "Is Active", "boolean"),
    _system("SortOrder", "Order", "int"),
    _system("IsClosed", "Closed", "boolean"),
    _system("IsWon", "Won", "boolean"),
    _text("ForecastCategory", "Forecast Category", 40, type="picklist", permissionable=False),
    _text("ForecastCategoryName", "Forecast Category Name", 40, type="picklist", permissionable=False),
    _system("DefaultProbability", "Probability (%)", "percent", precision=3, nillable=True),
    *AUDIT,
)

ORGANIZATION = (
    ID,
    _text("Name", "Name", 80, nillable=False, permissionable=False),
    _text("InstanceName", "Instance Name", 5, permissionable=False),
    _system("IsSandbox", "Is Sandbox", "boolean"),
    _text("OrganizationType", "Edition", 40, type="picklist", permissionable=False),
    _system("TrialExpirationDate", "Trial Expiration Date", "datetime", nillable=True),
    _text("TimeZoneSidKey", "Time Zone", 40, type="picklist", permissionable=False),
    _text("DefaultLocaleSidKey", "Locale", 40, type="picklist", permissionable=False),
    _text("LanguageLocaleKey", "Language", 40, type="picklist", permissionable=False),
    _system("FiscalYearStartMonth", "Fiscal Year Starts In", "int", nillable=True),
    _text("NamespacePrefix", "Namespace Prefix", 15, permissionable=False),
    *AUDIT,
)

LABELS = {
    "Opportunity": ("Opportunity", "Opportunities"),
    "Account": ("Account", "Accounts"),
    "Contact": ("Contact", "Contacts"),
    "OpportunityHistory": ("Opportunity History", "Opportunity History"),
    "User": ("User", "Users"),
    "OpportunityStage": ("Opportunity Stage", "Opportunity Stage"),
    "Organization": ("Organization", "Organization"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A list of child records: their object, the field that points to the parent, and the list's name."""

    object_name: str
    field: str
    relationship: str


CHILDREN = {
    "Opportunity": (
        Child(object_name="OpportunityHistory", field="OpportunityId", relationship="OpportunityHistories"),
    ),
    "Account": (
        Child(object_name="Account", field="ParentId", relationship="ChildAccounts"),
        Child(object_name="Contact", field="AccountId", relationship="Contacts"),
        Child(object_name="Opportunity", field="AccountId", relationship="Opportunities"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SObject:
    """One object as one user sees it: hidden fields and switched-off features are not in it."""

    name: str
    fields: tuple[Field, ...]
    by_name: dict[str, Field] = field(repr=False)
    by_relationship: dict[str, Field] = field(repr=False)

    @property
    def key_prefix(self) -> str:
        return PREFIXES[self.name]


class Schema:
    """All fields of the org. Names are matched without regard to case and given back as spelt here."""

    def __init__(self) -> None:
        self._fields: dict[str, list[Field]] = {
            "Opportunity": list(OPPORTUNITY),
            "Account": list(ACCOUNT),
            "Contact": list(CONTACT),
            "OpportunityHistory": list(HISTORY),
            "User": list(USER),
            "OpportunityStage": list(STAGE),
            "Organization": list(ORGANIZATION),
        }
        self._hidden: set[tuple[str, str]] = set()
        self.hidden_objects: set[str] = set()
        self.features: set[str] = set()

    @property
    def object_names(self) -> list[str]:
        return list(self._fields)

    @property
    def readable_names(self) -> list[str]:
        return [name for name in self._fields if name not in self.hidden_objects]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        return sorted(self._hidden)

    def all_fields(self, object_name: str) -> list[Field]:
        """Hidden and switched-off ones too."""
        return self._fields[object_name]

    def field(self, object_name: str, name: str) -> Field:
        return next(each for each in self._fields[object_name] if each.name == name)

    def visible(self, object_name: str) -> SObject:
        fields = [each for each in self._fields[object_name] if self._is_visible(object_name, each)]
        return SObject(
            name=object_name,
            fields=tuple(fields),
            by_name={each.name.lower(): each for each in fields},
            by_relationship={
                each.relationship.lower(): each
                for each in fields
                if each.relationship and each.refers_to not in self.hidden_objects
            },
        )

    def find(self, object_name: str) -> SObject | None:
        """An object by its name in any case; None when there is none or the user may not read it."""
        spelt = {name.lower(): name for name in self._fields}.get(object_name.lower())
        return self.visible(spelt) if spelt and spelt not in self.hidden_objects else None

    def add(self, object_name: str, added: Field) -> None:
        self.remove(object_name, added.name)
        self._fields[object_name].append(added)

    def remove(self, object_name: str, name: str) -> None:
        self._fields[object_name] = [each for each in self._fields[object_name] if each.name != name]

    def set_picklist(self, object_name: str, name: str, values: Iterable[PicklistValue]) -> None:
        """Replaces the list in place: the field keeps its position."""
        self._fields[object_name] = [
            replace(each, picklist=tuple(values)) if each.name == name else each
            for each in self._fields[object_name]
        ]

    def hide(self, object_name: str, name: str) -> None:
        if not self.field(object_name, name).permissionable:
            raise ValueError(f"Salesforce has no way to hide {object_name}.{name}")
        self._hidden.add((object_name, name))

    def show(self, object_name: str, name: str) -> None:
        self._hidden.discard((object_name, name))

    def _is_visible(self, object_name: str, each: Field) -> bool:
        switched_off = each.feature and each.feature not in self.features
        return not switched_off and (object_name, each.name) not in self._hidden
