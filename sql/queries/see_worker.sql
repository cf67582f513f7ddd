-- Notes that a worker lives.  No row: the session is unknown, or was lost.
--   $1 session   $2 now
UPDATE worker SET last_seen = time_or_now($2::bigint) WHERE session = $1::uuid AND NOT lost
RETURNING session;
