"""The choices of connections, mappings, runs and holds. Labels are the words on screen."""

from django.db import models


class ConnectionState(models.TextChoices):
    NOT_CONNECTED = "not_connected", "Not connected"
    CONNECTED = "connected", "Connected"
    DEGRADED = "degraded", "Degraded"
    BROKEN = "broken", "Broken"
    PAUSED = "paused", "Paused"


class Trouble(models.TextChoices):
    """What people were told by mail and have not been told the end of."""

    NONE = "", "None"
    BROKEN = "broken", "Broken"
    SILENT = "silent", "Silent"
    DATABASE = "data", "Stopped by the database"


class AlertKind(models.TextChoices):
    BROKEN = "broken", "Broken"
    SILENT = "silent", "Silent"
    RECOVERED = "recovered", "Recovered"
    TIE_OUT = "tie_out", "Does not tie out"
    TIES_AGAIN = "ties_again", "Ties out again"
    ASKS = "asks", "Billing waits for an answer"
    CHANGED = "changed", "CRM changes after billing"
    HELD = "held", "Deals held"
    HELD_STILL = "held_still", "Deals still held"
    DATABASE = "database", "Stopped by the database"
    REFUSED = "refused", "Most deals refused"


class GrantPurpose(models.TextChoices):
    """What is to become of a grant that no connection uses."""

    WAITS = "waits", "Waits for its connect to end"
    ENDS = "ends", "To be revoked"
    LEFT = "left", "Could not be revoked: a person does it in the CRM"


class AmountMeans(models.TextChoices):
    TOTAL = "total", "Total contract value"
    ANNUAL = "annual", "Annual value"
    MONTHLY = "monthly", "Monthly value"


class TermUnit(models.TextChoices):
    MONTHS = "months", "Months"
    YEARS = "years", "Years"


class Target(models.TextChoices):
    """What a field mapping fills."""

    CUSTOMER_NAME = "customer_name", "Customer Name"
    CONTRACT_VALUE = "contract_value", "Contract Value"
    START_DATE = "start_date", "Contract Start Date"
    DURATION = "duration", "Contract Duration"
    BILLING_CYCLE = "billing_cycle", "Billing Cycle"
    BILLING_TIMING = "billing_timing", "Billing Timing"
    ACCOUNT_MANAGER = "account_manager", "Account Manager"
    CURRENCY = "currency", "Currency"
    BILLING_EMAIL = "billing_email", "Billing E-mail"
    STREET = "street", "Billing Street"
    STREET_2 = "street_2", "Billing Street, second line"
    POST_CODE = "post_code", "Billing Post Code"
    CITY = "city", "Billing City"
    REGION = "region", "Billing State or Region"
    COUNTRY = "country", "Billing Country"
    ADDRESS = "address", "Billing Address as one text"
    TAX_ID = "tax_id", "VAT ID or tax number"
    TAX_RATE = "tax_rate", "Tax rate (%)"
    PO_NUMBER = "po_number", "PO Number"
    CUSTOM = "custom", "Custom field"


class Transform(models.TextChoices):
    """How a value is read once the translation table, where there is one, has been asked."""

    AS_IS = "as_is", "As it is"
    NUMBER = "number", "Number"
    MONTHS = "months", "Months"
    DATE = "date", "Date"
    WORDS = "words", "Built-in words"
    TABLE_ONLY = "table_only", "Translation table only"
    CONSTANT = "constant", "Constant"


class NumberFormat(models.TextChoices):
    """How amounts that arrive as text are written. Nothing but the chosen form is read."""

    PLAIN = "", "Plain: 1234.56"
    COMMA_GROUPS = "comma_groups", "With commas: 1,234.56"
    POINT_GROUPS = "point_groups", "With points: 1.234,56"


class ConnectionMode(models.TextChoices):
    LIVE = "live", "Live: contracts and billing are automatic"
    REVIEW = "review", "Review: contracts wait for approval"
    PREVIEW = "preview", "Preview: the history shows what would happen"


class SourceObject(models.TextChoices):
    DEAL = "deal", "Deal"
    ACCOUNT = "account", "Account or company"
    OWNER = "owner", "Owner"


class DealState(models.TextChoices):
    IMPORTED = "imported", "Imported"
    HELD = "held", "Held"
    DISMISSED = "dismissed", "Dismissed"
    LEFT = "left", "No longer won"
    MERGED = "merged", "Merged into another deal"
    PREVIEWED = "previewed", "Previewed"


class LeftReason(models.TextChoices):
    """Why a deal that was won is so no longer."""

    LEFT_WON = "left_won", "Moved to another stage"
    LOST = "lost", "Lost"
    DELETED = "deleted", "Deleted in the CRM"
    ARCHIVED = "archived", "Archived in the CRM"
    MERGED = "merged", "Merged into another deal"


class LeftDecision(models.TextChoices):
    """What has come of an imported deal's leaving."""

    SUSPENDED = "suspended", "Contract suspended"
    KEPT = "kept", "Contract kept"


class SweepPart(models.TextChoices):
    """What a sweep is at. It goes on there when its time was up."""

    WON = "won", "Won deals of the CRM"
    STORED = "stored", "Deals stored here"
    ACCOUNTS = "accounts", "Accounts stored here"


class RunState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    ERRORED = "errored", "Errored"


class RunTrigger(models.TextChoices):
    SCHEDULE = "schedule", "Every five minutes"
    PERSON = "person", "Sync now"
    COMMAND = "command", "Command"
    REPLAY = "replay", "Replay"
    REAPPLY = "reapply", "Mapping applied again"
    SWEEP = "sweep", "Daily sweep"
    CHECK = "check", "Check before billing"


class Outcome(models.TextChoices):
    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    UNCHANGED = "unchanged", "Unchanged"
    HELD = "held", "Held"
    SUSPENDED = "suspended", "Suspended"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"
    PREVIEWED = "previewed", "Previewed"


class LookedAt(models.TextChoices):
    """Deals that a run has read without an outcome: each read deal counts here or as an Outcome."""

    LEFT_WON = "left_won", "No longer won"
    NOT_SELECTED = "not_selected", "In no selected stage"
    TOO_EARLY = "too_early", "Closed before the import"
    REPEATED = "repeated", "Read twice or merged"
    UNCOUNTED = "uncounted", "Not counted apart"


class CustomerMatch(models.TextChoices):
    """To whom a deal that is foretold would be billed."""

    EXISTING = "existing", "Existing customer"
    NEW = "new", "New customer"
    WITH_ANOTHER = "with_another", "New customer, made by another deal of this import"


class BackfillState(models.TextChoices):
    READING = "reading", "Reading deals"
    READY = "ready", "Ready to import"
    IMPORTING = "importing", "Importing"
    IMPORTED = "imported", "Imported"
    STOPPED = "stopped", "Stopped"
    SET_ASIDE = "set_aside", "Set aside"


CURRENT_BACKFILLS = (BackfillState.READING, BackfillState.READY, BackfillState.IMPORTING)


class HoldCode(models.TextChoices):
    AMOUNT_MISSING = "AMOUNT_MISSING", "Amount missing"
    AMOUNT_NOT_POSITIVE = "AMOUNT_NOT_POSITIVE", "Amount not positive"
    AMOUNT_UNREADABLE = "AMOUNT_UNREADABLE", "Amount unreadable"
    AMOUNT_PRECISION = "AMOUNT_PRECISION", "Amount too precise"
    TERM_MISSING = "TERM_MISSING", "Contract duration missing"
    TERM_UNREADABLE = "TERM_UNREADABLE", "Contract duration unreadable"
    FREQUENCY_MISSING = "FREQUENCY_MISSING", "Billing cycle missing"
    FREQUENCY_UNKNOWN = "FREQUENCY_UNKNOWN", "Billing cycle unknown"
    NO_ACCOUNT = "NO_ACCOUNT", "No account"
    CUSTOMER_NAME_MISSING = "CUSTOMER_NAME_MISSING", "Customer name missing"
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN", "Currency unknown"
    COUNTRY_UNKNOWN = "COUNTRY_UNKNOWN", "Country unknown"
    DATE_MISSING = "DATE_MISSING", "Start date missing"
    DATE_OUT_OF_RANGE = "DATE_OUT_OF_RANGE", "Start date out of range"
    STAGE_CONFLICT = "STAGE_CONFLICT", "Stage conflict"
    DUPLICATE_SUSPECT = "DUPLICATE_SUSPECT", "Possible duplicate"
    SCHEDULE_IMPOSSIBLE = "SCHEDULE_IMPOSSIBLE", "Schedule impossible"
    OVER_LIMIT = "OVER_LIMIT", "Over the limit"
    TEXT_INVALID = "TEXT_INVALID", "Text invalid"
    MERGED_DEALS = "MERGED_DEALS", "Merged deals with a contract each"
    WRITE_FAILED = "WRITE_FAILED", "Could not be stored"
    RECORD_UNREADABLE = "RECORD_UNREADABLE", "Record unreadable"


class TieOutLine(models.TextChoices):
    """What a month's won deals and contracts have become."""

    WON = "won", "Won deals in the CRM"
    CONTRACTS = "contracts", "Contracts"
    HELD = "held", "Held"
    DISMISSED = "dismissed", "Dismissed"
    PREVIEWED = "previewed", "Previewed"
    KEPT = "kept", "To decide: changed in the CRM after billing"
    PENDING = "pending", "Changed in the CRM, previewed"
    MISSING = "missing", "Missing in Fincelo"
    DIFFERENT = "different", "Other value than in the CRM"
    LEFT = "left", "Contracts whose deal is no longer won"
    UNKNOWN = "unknown", "Contracts without a won deal"
    AGREED = "agreed", "All contracts"
    INVOICED = "invoiced", "Invoiced, without what is credited"
    CREDITED = "credited", "Credited"
    PLANNED = "planned", "Planned"
    PAUSED = "paused", "Paused"
    ELSEWHERE = "elsewhere", "Already billed elsewhere"
    OPEN = "open", "Not accounted for"
