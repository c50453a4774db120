"""The outbox of invoices and credit notes: composed, sent once, bounced; and the folder of a demo.

Imports issuing and the rooms below it.
"""
