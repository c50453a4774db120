"""Forms of the field mapping."""
