"""Roofs that were drawn to be looked at: the file of a draw, and what each look stands for."""
