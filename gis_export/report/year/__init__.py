"""The year's page and paper: three views of the same numbers, each with the table it is from."""
