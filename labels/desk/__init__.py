"""The desk: a page on which people say what they see on chips."""
