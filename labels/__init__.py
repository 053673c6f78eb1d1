"""What people saw of roofs: the city's label file, for training and for lists."""
