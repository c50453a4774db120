"""From due instalments to issued invoices: bounds, limits, approvals, numbers, the witness, first PDFs.

Imports changing, schedules, documents and the ground.
"""
