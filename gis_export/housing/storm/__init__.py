"""What to look at again after a storm: the list, its order, and its route sheets."""
