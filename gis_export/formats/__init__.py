"""The layers: shapefile packs, GeoPackage, GeoParquet, tiles, PostGIS, with their styles, metadata and dictionary."""
