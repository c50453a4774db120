"""Pages of the field mapping, of its versions and of custom fields."""
