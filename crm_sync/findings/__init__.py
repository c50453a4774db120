"""What Fincelo says of a connection, a run or a mapping: codes with facts, and one catalogue of sentences.

Imports values only.
"""
