"""The intake report: what a delivery of imagery holds, what is missing, GO or FIX FIRST. Headers only."""
