"""Forms of previews."""
