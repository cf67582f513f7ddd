-- Extends one lease.  No row: it is no longer this worker's.
--   $1 task   $2 attempt   $3 session   $4 progress   $5 message   $6 lease length in ms   $7 now
UPDATE task
   SET lease_until = time_or_now($7::bigint) + $6::float8 * interval '1 millisecond',
       progress = $4::float8, message = $5
 WHERE id = $1::bigint AND attempt = $2::int AND state = 'leased' AND leased_by = $3::uuid
RETURNING id;
