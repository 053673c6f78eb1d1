"""The database of looks: how it is reached, its tables, and their migrations."""
