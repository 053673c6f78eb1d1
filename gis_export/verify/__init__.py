"""Checks of finished products: those of a run, and any pack that somebody has had in hand."""
