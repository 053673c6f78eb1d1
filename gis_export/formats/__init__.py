"""Layers for GIS: shapefiles, GeoPackages, PostGIS tables and vector tiles, with their styles."""
