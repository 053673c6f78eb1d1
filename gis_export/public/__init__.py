"""What anyone may see: counts by neighborhood, small ones hidden."""
