"""What pages show of billing as a whole, and its health. Nothing is written here.

Imports all rooms below it.
"""
