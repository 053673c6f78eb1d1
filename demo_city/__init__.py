"""A synthetic city with three flyovers: what the demo and the end-to-end tests run on."""
