"""The groups of people, with the rights their work needs. Made after every migrate."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

READ_RECORDS = (
    "contracts.view_contract",
    "contracts.view_customer",
    "contracts.view_customfield",
    "contracts.view_workspace",
    "billing.view_legalentity",
    "billing.view_billingschedule",
    "billing.view_instalment",
    "billing.view_billingwait",
    "billing.view_contractchange",
    "billing.view_billingrun",
    "billing.view_invoice",
    "billing.view_invoiceline",
    "billing.view_creditnote",
    "billing.view_creditnoteline",
    "billing.view_creditnoterendering",
    "billing.view_payment",
    "billing.view_paymentimport",
    "billing.view_billingpolicy",
    "billing.view_approvallimit",
    "billing.view_invoicemail",
    "billing.view_invoicerendering",
    "billing.view_letterhead",
    "billing.view_mailing",
    "crm_sync.view_connection",
    "crm_sync.view_crmorg",
    "crm_sync.view_crmaccount",
    "crm_sync.view_crmdeal",
    "crm_sync.view_fieldmapping",
    "crm_sync.view_translation",
    "crm_sync.view_mappingversion",
    "crm_sync.view_hold",
    "crm_sync.view_holdpolicy",
    "crm_sync.view_syncrun",
    "crm_sync.view_syncrecord",
    "crm_sync.view_tieout",
)
MAPPING = tuple(
    f"crm_sync.{action}_{model}"
    for model in ("fieldmapping", "translation")
    for action in ("add", "change", "delete")
)
SYNC = ("crm_sync.change_syncrun",)
HEALTH = ("fincelo.view_invariantresult",)
FINANCE = (
    *READ_RECORDS,
    *MAPPING,
    *SYNC,
    "crm_sync.add_connection",
    "crm_sync.change_connection",
    "crm_sync.change_billing_meaning",
    "crm_sync.change_hold",
    "crm_sync.change_holdpolicy",
    "crm_sync.change_tieout",
    "billing.change_billingschedule",
    "billing.change_invoicemail",
    "billing.change_legalentity",
    "billing.change_letterhead",
    "billing.change_mailing",
    "billing.add_creditnote",
    "billing.add_payment",
    "billing.approve_invoice",
    "billing.start_billing",
    "contracts.approve_contract",
    "contracts.export_records",
    "contracts.change_customer",
    *HEALTH,
    "contracts.change_customfield",
    "contracts.change_workspace",
)
ROLES = {
    "Finance": FINANCE,
    "Approver": (
        *FINANCE,
        "billing.approve_over_limit",
        "billing.change_billingpolicy",
        "billing.issue_creditnote",
        "billing.void_invoice",
    ),
    "Support": (
        *READ_RECORDS,
        *MAPPING,
        *SYNC,
        "crm_sync.change_hold",
        "access.view_failedsignin",
        "contracts.view_auditentry",
        "billing.view_numberseries",
    ),
    "Operator": (
        *READ_RECORDS,
        *SYNC,
        *HEALTH,
        "crm_sync.add_connection",
        "crm_sync.change_connection",
        "crm_sync.change_tieout",
        "access.view_failedsignin",
        "contracts.view_auditentry",
        "billing.view_numberseries",
    ),
}
"""Finance decides what is billed, and Approvers on what is over a limit, credited or void as well. Support
mends mappings and holds; what it mends waits for Finance before its first invoice. Operators keep connections
alive."""


def groups_with(right: str) -> list[str]:
    return [name for name, rights in ROLES.items() if right in rights]


def ensure_roles(**kwargs: Any) -> None:
    """Gives each group exactly its rights. People are put into groups in the admin."""
    for name, rights in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        wanted = Q()
        for right in rights:
            app, codename = right.split(".")
            wanted |= Q(content_type__app_label=app, codename=codename)
        rights_of_role = Permission.objects.filter(wanted)
        if is_new:  # part of the installation, and no change that anybody has to be told of
            has = Group.permissions.through
            has.objects.bulk_create(has(group=group, permission=right) for right in rights_of_role)
        else:
            group.permissions.set(rights_of_role)
