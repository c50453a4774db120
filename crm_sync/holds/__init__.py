"""Deals that wait for a person: their groups, what people enter and decide, mails and reminders.

Imports oversight and the rooms below it.
"""
