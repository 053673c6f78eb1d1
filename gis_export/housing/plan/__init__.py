"""The planner: what so many crews find by when, with its interval, and what borders cost."""
