"""What the dispatch center gets: only what changed, as its vendor wants it."""
