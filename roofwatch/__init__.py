"""The conductor: command line, city file, stages of the year, executors, audit log."""
