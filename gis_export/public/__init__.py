"""What everybody may see: counts by neighborhood, small ones hidden."""
