"""When what of a contract is billed: periods, plans, what is due, and why billing waits.

Imports the documents' shapes, the models and the ground.
"""
