"""The city's label file: its columns, values and parcels."""
