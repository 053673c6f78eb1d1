"""Products for the fire department: map, dispatch files, map book."""
