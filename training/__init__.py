"""Labels, honest splits, fitting, evaluation and the promotion gate."""
