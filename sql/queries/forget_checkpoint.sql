-- A checkpoint's bytes are gone.
--   $1 sha256
WITH gone AS (DELETE FROM old_checkpoint WHERE sha256 = $1 RETURNING sha256)
DELETE FROM blob WHERE sha256 IN (SELECT sha256 FROM gone);
