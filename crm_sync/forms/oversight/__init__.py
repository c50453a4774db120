"""Forms of lists and of contracts."""
