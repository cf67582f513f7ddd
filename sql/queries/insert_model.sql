-- Registers a model that is to be inspected.
--   $1 name   $2 sha256   $3 card or null   $4 now
INSERT INTO model (name, sha256, card, created_at)
VALUES ($1, $2, $3::json, time_or_now($4::bigint));
