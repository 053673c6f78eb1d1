"""Routes and route sheets for inspectors."""
