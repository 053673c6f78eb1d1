"""report/equity.html: whether some areas are served worse than others, and how sure that is."""
