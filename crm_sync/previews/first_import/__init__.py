"""The preview of an import that a person starts: its task, rows, totals and progress.

Imports what previews import.
"""
