"""What people said as tables, from the label file and from the book of looks."""
