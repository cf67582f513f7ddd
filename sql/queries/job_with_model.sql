-- A job that uses a model, if there is one.
--   $1 sha256
SELECT id FROM job WHERE model_sha256 = $1 ORDER BY id LIMIT 1;
