"""From a deal's fields to a contract draft: rules, readers, stages, and what a person sees of them.

Imports the clients and the ground.
"""
