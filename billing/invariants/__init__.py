"""What must be true of billing, whatever happened."""

from billing.invariants import documents, numbers, plans, renderings, runs

INVARIANTS = [
    *plans.INVARIANTS,
    *documents.INVARIANTS,
    *numbers.INVARIANTS,
    *runs.INVARIANTS,
    *renderings.INVARIANTS,
]
