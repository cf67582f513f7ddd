-- Keeps what trying ways of preparing images found.  No row: it was tried before.
--   $1 id   $2 trial
UPDATE job SET preprocessing = $2::json
 WHERE id = $1::bigint AND preprocessing IS NULL
RETURNING id;
