"""What is printed: the fire map book, route sheets for inspectors, evidence packets."""
