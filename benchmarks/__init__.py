"""What things cost, and how good they are: each module is a command of its own."""
