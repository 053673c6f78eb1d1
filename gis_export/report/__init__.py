"""The reports of a year: what changed, and what was made."""
