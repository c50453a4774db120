"""What would happen: the real functions, rolled back, for one deal, a sync or a first import.

Imports the holds and the rooms below them.
"""
