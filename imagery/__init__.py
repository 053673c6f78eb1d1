"""From aerial tiles to chips: flyovers, parcels and the vacant roll. No torch, no other room."""
