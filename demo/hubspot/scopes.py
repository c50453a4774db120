"""Which scopes a call needs. Any one of a requirement's scopes is enough, unless it says all."""

from dataclasses import dataclass

SEED_SCOPES = ("crm.objects.contacts.read", "crm.objects.deals.read", "crm.objects.companies.read")
OWNERS_SCOPE = "crm.objects.owners.read"
RECOMMENDED_SCOPES = (*SEED_SCOPES, OWNERS_SCOPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    scopes: tuple[str, ...]
    all: bool = False

    def met_by(self, granted: tuple[str, ...]) -> bool:
        check = all if self.all else any
        return not self.scopes or check(scope in granted for scope in self.scopes)


NOTHING = Requirement(scopes=())
OWNERS = Requirement(scopes=(OWNERS_SCOPE,))


def _object_read(name: str) -> Requirement:
    return Requirement(
        scopes=(
            f"crm.schemas.{name}.read",
            f"crm.objects.{name}.read",
            f"crm.objects.{name}.highly_sensitive.read.v2",
            f"crm.objects.{name}.sensitive.read.v2",
        )
    )


OBJECTS = {
    "deals": _object_read("deals"),
    "companies": _object_read("companies"),
    "contacts": _object_read("contacts"),
    "line_items": Requirement(scopes=("crm.objects.line_items.read", "e-commerce"), all=True),
}
ANY_OBJECT = Requirement(
    scopes=tuple(
        f"crm.{family}.{name}.read"
        for name in ("deals", "companies", "contacts", "line_items", "quotes", "products", "custom")
        for family in ("schemas", "objects")
    )
)
