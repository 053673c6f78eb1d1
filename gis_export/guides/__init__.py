"""Guides for the readers of the products; the same text as in docs/."""
