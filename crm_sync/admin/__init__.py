"""The admin of support. Credentials, authorisations and leases are not in it at all."""

from crm_sync.admin import connections, history, holds

__all__ = ["connections", "history", "holds"]
