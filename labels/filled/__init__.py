"""Filled work lists and forms: sheets, rows, cells, and what cannot be read for certain."""
