"""One stage per command, named after it."""
