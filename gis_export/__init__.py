"""Risk layers and lists for the fire and housing departments. No torch, no mlflow."""
