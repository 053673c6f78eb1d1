"""What the housing department works with: visits, routes, capacity, packets, the field form."""
