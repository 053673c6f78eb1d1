"""One year of aerial imagery: files, headers, pixels."""
