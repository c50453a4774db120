"""How Fincelo gets in and stays in: authorising, credentials, settings, pace, condition, alerts.

Imports the mapping, the clients and the ground.
"""
