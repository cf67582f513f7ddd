DROP TABLE blob;
DROP TABLE target;
DROP TABLE dataset;
DROP TABLE model;
DROP FUNCTION micros(timestamptz);
DROP FUNCTION time_or_now(bigint);
DROP TYPE entry_state;
DROP DOMAIN sha256;
