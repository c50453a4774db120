"""Pages that show what would happen: the first import, and one deal."""
