-- Notes that a blob is stored.  No row: it was noted before.
--   $1 sha256   $2 bytes   $3 now
INSERT INTO blob (sha256, bytes, created_at) VALUES ($1, $2::bigint, time_or_now($3::bigint))
ON CONFLICT (sha256) DO NOTHING
RETURNING bytes;
