"""Products for the data team."""
