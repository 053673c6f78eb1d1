"""The work list of housing inspectors."""
