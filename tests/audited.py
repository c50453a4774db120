"""What the audit says, beside the requests that changed nothing."""

from django.db.models import QuerySet

from contracts.models import AuditEntry


def changes() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.exclude(object_type="page")
