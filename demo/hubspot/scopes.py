"""Which scopes a call needs. Any one of a requirement's scopes is enough, unless it says all."""

from dataclasses import dataclass

SEED_SCOPES = ("crm.objects.contacts.read", "crm.objects.deals.read", "crm.objects.companies.read")
OWNERS_SCOPE = "crm.objects.owners.read"
RECOMMENDED_SCOPES = (*SEED_SCOPES, OWNERS_SCOPE)
LINE_ITEM_SCOPES = ("crm.objects.line_items.read", "e-commerce")
WRITE_SCOPES = tuple(
    f"crm.{family}.write"
    for family in (
        "objects.deals",
        "objects.companies",
        "objects.contacts",
        "objects.line_items",
        "schemas.deals",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    scopes: tuple[str, ...]
    all: bool = False

    def met_by(self, granted: tuple[str, ...]) -> bool:
        check = all if self.all else any
        return not self.scopes or check(scope in granted for scope in self.scopes)


OWNERS = Requirement(scopes=(OWNERS_SCOPE,))


def sensitive_scopes(name: str, *, verb: str) -> tuple[str, str]:
    return f"crm.objects.{name}.highly_sensitive.{verb}.v2", f"crm.objects.{name}.sensitive.{verb}.v2"


def _object_read(name: str) -> Requirement:
    plain = (f"crm.schemas.{name}.read", f"crm.objects.{name}.read")
    return Requirement(scopes=(*plain, *sensitive_scopes(name, verb="read")))


def _object_write(name: str) -> Requirement:
    return Requirement(scopes=(f"crm.objects.{name}.write", *sensitive_scopes(name, verb="write")))


OBJECTS = {
    "deals": _object_read("deals"),
    "companies": _object_read("companies"),
    "contacts": _object_read("contacts"),
    "line_items": Requirement(scopes=LINE_ITEM_SCOPES, all=True),
}
OBJECT_WRITES = {
    "deals": _object_write("deals"),
    "companies": _object_write("companies"),
    "contacts": _object_write("contacts"),
    "line_items": Requirement(scopes=("crm.objects.line_items.write", "e-commerce"), all=True),
}
ANY_OBJECT = Requirement(
    scopes=tuple(
        f"crm.{family}.{name}.read"
        for name in ("deals", "companies", "contacts", "line_items", "quotes", "products", "custom")
        for family in ("schemas", "objects")
    )
)
SCHEMA_WRITE = Requirement(scopes=("crm.schemas.deals.write", "crm.objects.deals.write"))
USERS = Requirement(scopes=("settings.users.read", "crm.objects.users.read"))
CUSTOM_SCHEMAS = Requirement(scopes=("crm.schemas.custom.read",))
CONTRACTS = Requirement(scopes=("crm.objects.contracts.read",))
CURRENCIES = Requirement(scopes=("settings.currencies.read", "multi-currency-read"))
KNOWN_SCOPES = (
    *RECOMMENDED_SCOPES,
    "crm.schemas.deals.read",
    *LINE_ITEM_SCOPES,
    *sensitive_scopes("deals", verb="read"),
    *WRITE_SCOPES,
    *(requirement.scopes[0] for requirement in (USERS, CUSTOM_SCHEMAS, CONTRACTS, CURRENCIES)),
)


def sensitivity_requirement(object_type: str, sensitivity: str) -> Requirement:
    """Sensitive properties need a scope of their own."""
    return Requirement(scopes=(f"crm.objects.{object_type}.{sensitivity}.read.v2",))
