"""Chips: parcels cut from the imagery, and where they are kept."""
