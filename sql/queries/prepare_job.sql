-- Keeps what `prepare` made.  No row: it was kept before.
--   $1 id   $2 sha256 of the statistics   $3 result
UPDATE job SET statistics_sha256 = $2, prepared = $3::json
 WHERE id = $1::bigint AND statistics_sha256 IS NULL
RETURNING id;
