"""Imagery of tile services: only the tiles that parcels need, fetched once and kept as files."""
