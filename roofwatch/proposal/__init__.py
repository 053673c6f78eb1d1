"""A city file proposed from what a city has: files, columns, roles, evidence, text."""
