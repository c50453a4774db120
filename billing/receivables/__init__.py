"""What becomes of an issued invoice: payments from banks and people, credit notes, voids.

Imports mailing, issuing and the rooms below them.
"""
