"""A third CRM, as an exercise: what its folder in `clients/` would hold."""
