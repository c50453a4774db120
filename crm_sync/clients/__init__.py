"""What CRMs answer, as values: one folder each, and what they share, HTTP, the protocol, zones, questions.

Imports the ground alone.
"""
