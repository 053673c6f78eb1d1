"""The export table: one row per vacant parcel, from which every product is made."""
