"""Flyovers, parcels and the vacant roll: from aerial tiles to chips. No torch, no mlflow, no other room."""
