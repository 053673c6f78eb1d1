"""The intake report: what a delivery holds, what is missing, GO or FIX FIRST. Headers only."""
