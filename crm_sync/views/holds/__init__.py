"""Pages of held deals, by cause and one by one, and the settings of their reminders."""
