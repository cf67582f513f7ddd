-- Says which super-network a job's candidates are cut from.  No row: that was said before.
--   $1 id   $2 sha256
UPDATE job SET supernet_sha256 = $2
 WHERE id = $1::bigint AND supernet_sha256 IS NULL
RETURNING id;
