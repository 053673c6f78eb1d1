"""The conductor: configuration, executors, the yearly pipeline, the demo city and the command line."""
