"""Salesforce, as its API really is.

Imports the neighbours in clients and the ground.
"""
