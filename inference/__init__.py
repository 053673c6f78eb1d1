"""The balanced ledger, batch scoring and the hazard words."""
