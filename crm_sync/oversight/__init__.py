"""Answers to questions of people: why there is no contract, what has happened, does it all add up.

Imports importing and the rooms below it.
"""
