"""Forms of held deals."""
