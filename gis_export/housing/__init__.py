"""What the housing department works with: the list of visits, routes, capacity and the field form."""
