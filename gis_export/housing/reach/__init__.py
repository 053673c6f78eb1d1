"""The list "check for a notice": parcels without a vacancy notice, for housing alone."""
