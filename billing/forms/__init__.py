"""What people may type into the pages of billing, and what is understood of it."""
