"""What the CRM says otherwise once a contract is billed: noticed by field, and listed for a person.

Imports schedules, documents and the ground.
"""
