"""From pages of deals to contracts, one transaction a page, and everything that follows a deal later.

Imports the connections, the mapping, the clients and the ground.
"""
