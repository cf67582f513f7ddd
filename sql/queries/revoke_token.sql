-- Ends the valid token of that name.  No row: there is none.
--   $1 name   $2 now
UPDATE token SET revoked_at = time_or_now($2::bigint)
 WHERE name = $1 AND revoked_at IS NULL
RETURNING id;
