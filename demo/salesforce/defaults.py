"""What every simulated org starts with: stages, custom fields, and the names of its demo login."""

from demo.salesforce.schema import Field, PicklistValue
from demo.salesforce.values import Value

ORGANIZATION_NAME = "Acme Software"
ADMIN_NAME = "Ada Admin"
ADMIN_EMAIL = "ada@acme.example"
DEMO_PASSWORD = "closed-won"
APP_SCOPES = ("full", "refresh_token")

FREQUENCIES = ("Monthly", "Quarterly", "Semi-annual", "Annual", "One-time")

CUSTOM_FIELDS = (
    Field(
        name="Contract_Term__c",
        label="Contract Term",
        type="double",
        precision=4,
        permissionable=True,
        custom=True,
    ),
    Field(
        name="Billing_Frequency__c",
        label="Billing Frequency",
        type="picklist",
        length=255,
        permissionable=True,
        custom=True,
        picklist=tuple(PicklistValue(value=value, label=value) for value in FREQUENCIES),
    ),
    Field(name="PO_Number__c", label="PO Number", type="string", length=40, permissionable=True, custom=True),
)


def _stage(name: str, probability: int, category: str, *, closed: bool = False) -> dict[str, Value]:
    return {
        "ApiName": name,
        "MasterLabel": name,
        "IsClosed": closed,
        "IsWon": category == "Closed",
        "ForecastCategory": category,
        "ForecastCategoryName": "Best Case" if category == "BestCase" else category,
        "DefaultProbability": float(probability),
    }


STAGES = (
    _stage("Prospecting", 10, "Pipeline"),
    _stage("Qualification", 10, "Pipeline"),
    _stage("Needs Analysis", 20, "Pipeline"),
    _stage("Value Proposition", 50, "Pipeline"),
    _stage("Id. Decision Makers", 60, "Pipeline"),
    _stage("Perception Analysis", 70, "Pipeline"),
    _stage("Proposal/Price Quote", 75, "BestCase"),
    _stage("Negotiation/Review", 90, "Commit"),
    _stage("Closed Won", 100, "Closed", closed=True),
    _stage("Closed Lost", 0, "Omitted", closed=True),
)

ROW_DEFAULTS: dict[str, dict[str, Value]] = {
    "User": {
        "IsActive": True,
        "UserType": "Standard",
        "TimeZoneSidKey": "Europe/Dublin",
        "LocaleSidKey": "en_IE",
        "LanguageLocaleKey": "en_US",
    },
    "OpportunityStage": {"IsActive": True},
    "Organization": {
        "InstanceName": "EU47",
        "OrganizationType": "Developer Edition",
        "TimeZoneSidKey": "Europe/Dublin",
        "DefaultLocaleSidKey": "en_IE",
        "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1,
    },
}
