"""What people saw: label files today."""
