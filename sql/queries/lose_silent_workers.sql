-- Marks the workers that were not heard of for a while as lost.
--   $1 how long, in ms   $2 now
UPDATE worker SET lost = true
 WHERE NOT lost AND last_seen < time_or_now($2::bigint) - $1::float8 * interval '1 millisecond'
RETURNING session;
