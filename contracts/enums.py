"""The choices a contract is made of."""

from django.db import models


class BillingCycle(models.TextChoices):
    MONTHLY = "monthly", "Monthly"
    QUARTERLY = "quarterly", "Quarterly"
    SEMI_ANNUAL = "semi_annual", "Semi-annual"
    ANNUAL = "annual", "Annual"
    ONE_TIME = "one_time", "One-time"

    @property
    def months(self) -> int | None:
        """Months in one full billing period; None when the whole term is one period."""
        return {"monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12}.get(self.value)


class BillingTiming(models.TextChoices):
    IN_ADVANCE = "in_advance", "In advance"
    IN_ARREARS = "in_arrears", "In arrears"


class LeadDays(models.IntegerChoices):
    """How many days before its period an advance instalment is billed."""

    NONE = 0, "On the first day of the period"
    FIFTEEN = 15, "15 days before"
    THIRTY = 30, "30 days before"
    FORTY_FIVE = 45, "45 days before"
    SIXTY = 60, "60 days before"
    NINETY = 90, "90 days before"


class ContractState(models.TextChoices):
    AWAITING_APPROVAL = "awaiting_approval", "Awaiting approval"
    SCHEDULED = "scheduled", "Scheduled"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    COMPLETED = "completed", "Completed"
    TERMINATED = "terminated", "Terminated"


class CustomFieldHome(models.TextChoices):
    CONTRACT = "contract", "Contract"
    CUSTOMER = "customer", "Customer"


class CustomFieldType(models.TextChoices):
    """What the values of a custom field are."""

    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    DATE = "date", "Date"
    YES_NO = "yes_no", "Yes or no"


class PageFormat(models.TextChoices):
    """How days and numbers are written and typed on the pages."""

    ENGLISH = "en-gb", "30 Nov 2026 and 1,234.56"
    GERMAN = "de", "30.11.2026 and 1.234,56"


class Language(models.TextChoices):
    """In which a customer is written to."""

    ENGLISH = "en", "English"
    GERMAN = "de", "Deutsch"


class CustomerKind(models.TextChoices):
    """Decides who owes the tax. An account of a CRM is a business unless somebody says otherwise."""

    BUSINESS = "business", "Business"
    CONSUMER = "consumer", "Consumer"
    PUBLIC = "public", "Public body"
