"""Support's pages of billing."""

from billing.admin import legal_entities, records

__all__ = ["legal_entities", "records"]
