"""What becomes of an issued invoice: payments from banks and people, credit notes, voids.

A bank's file is read in `bank_files`, its rows in `payment_rows`, and `payment_imports` finds their invoices.
Imports mailing, issuing and the rooms below them.
"""
