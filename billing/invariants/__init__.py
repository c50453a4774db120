"""What must be true of billing, whatever happened: one SQL query a rule, which finds the rows that break it.

Imports receivables and the rooms below them.
"""

from billing.invariants import documents, numbers, plans, renderings, runs

INVARIANTS = [
    *plans.INVARIANTS,
    *documents.INVARIANTS,
    *numbers.INVARIANTS,
    *runs.INVARIANTS,
    *renderings.INVARIANTS,
]
