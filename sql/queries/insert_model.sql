-- Registers a model that is to be inspected.
--   $1 name   $2 sha256   $3 card or null   $4 owner   $5 now
INSERT INTO model (name, sha256, card, owner, created_at)
VALUES ($1, $2, $3::json, $4, time_or_now($5::bigint));
