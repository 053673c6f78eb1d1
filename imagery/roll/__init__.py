"""Parcels and the vacant roll."""
