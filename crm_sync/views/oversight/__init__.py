"""Pages on what happened: runs, contracts, CRM changes, the tie-out, and why there is no contract."""
