-- A job that uses a model with that version of its card, if there is one.
--   $1 sha256   $2 version
SELECT id FROM job WHERE model_sha256 = $1 AND card_version = $2::int ORDER BY id LIMIT 1;
