-- Starts every lease anew.
--   $1 lease length in ms   $2 now
UPDATE task SET lease_until = time_or_now($2::bigint) + greatest($1::float8, grace_ms) * interval '1 millisecond'
 WHERE state = 'leased'
RETURNING id;
