"""The printed fire map book."""
