"""One table of rows, from which every product is made."""
