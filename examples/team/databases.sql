-- Databases and roles of a team, each with the fewest rights: mlflow, looks, gis. Run once by the administrator:
--   sudo --preserve-env=MLFLOW_PASSWORD,LOOKS_OWNER_PASSWORD,LOOKS_WRITER_PASSWORD,ROOFS_PUBLISHER_PASSWORD,FIRE_READER_PASSWORD,HOUSING_READER_PASSWORD \
--     -u postgres psql -f databases.sql
-- Passwords come from the environment (`openssl rand -hex 24` makes one), and none is ever in a file of this folder.
-- Whoever reads from another machine needs a line in pg_hba.conf, encrypted and for one database:
--   hostssl gis fire_reader,housing_reader 10.0.0.0/24 scram-sha-256

\set ON_ERROR_STOP on
\getenv mlflow_password MLFLOW_PASSWORD
\getenv owner_password LOOKS_OWNER_PASSWORD
\getenv writer_password LOOKS_WRITER_PASSWORD
\getenv publisher_password ROOFS_PUBLISHER_PASSWORD
\getenv fire_password FIRE_READER_PASSWORD
\getenv housing_password HOUSING_READER_PASSWORD
SET password_encryption = 'scram-sha-256';
SET log_statement = 'none';                        -- passwords stay out of the server's log

CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password' CONNECTION LIMIT 40;
CREATE ROLE looks_owner LOGIN PASSWORD :'owner_password';       -- makes the tables, at the start and at an upgrade
CREATE ROLE looks_writer LOGIN PASSWORD :'writer_password';     -- desk and commands: read and add, nothing else
CREATE ROLE roofs_publisher LOGIN PASSWORD :'publisher_password';  -- roofwatch publish
CREATE ROLE fire_reader LOGIN PASSWORD :'fire_password';        -- maps of the fire department
CREATE ROLE housing_reader LOGIN PASSWORD :'housing_password';  -- maps of the housing department

-- A role reaches its own database and no other.
CREATE DATABASE mlflow OWNER mlflow;
CREATE DATABASE looks;
CREATE DATABASE gis;
REVOKE ALL ON DATABASE mlflow, looks, gis FROM PUBLIC;
GRANT CONNECT ON DATABASE looks TO looks_owner, looks_writer;
GRANT CONNECT ON DATABASE gis TO roofs_publisher, fire_reader, housing_reader;

\connect looks
CREATE SCHEMA looks AUTHORIZATION looks_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER ROLE looks_owner IN DATABASE looks SET search_path = looks;
ALTER ROLE looks_writer IN DATABASE looks SET search_path = looks;
GRANT USAGE ON SCHEMA looks TO looks_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE looks_owner IN SCHEMA looks GRANT SELECT, INSERT ON TABLES TO looks_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE looks_owner IN SCHEMA looks GRANT USAGE ON SEQUENCES TO looks_writer;

\connect gis
CREATE EXTENSION postgis;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA roofs AUTHORIZATION roofs_publisher;
GRANT USAGE ON SCHEMA roofs TO fire_reader, housing_reader;
