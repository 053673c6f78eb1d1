-- What each department may read, once `roofwatch publish` has made the tables (they are never made again):
--   psql -h 127.0.0.1 -U roofs_publisher -d gis -f readers.sql
\set ON_ERROR_STOP on
GRANT SELECT ON roofs.vacant_roofs_responder, roofs.vacant_roofs_responder_latest TO fire_reader;
GRANT SELECT ON roofs.vacant_roofs_housing, roofs.vacant_roofs_housing_latest TO housing_reader;
