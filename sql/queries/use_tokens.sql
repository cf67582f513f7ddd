-- Notes when tokens were last used.
--   $1 ids   $2 seconds since, of each   $3 now
UPDATE token SET used_at = greatest(used_at, time_or_now($3::bigint) - u.ago * interval '1 second')
  FROM unnest($1::bigint[], $2::float8[]) AS u (id, ago)
 WHERE token.id = u.id
RETURNING token.id;
