-- Makes a session the holder of what the one before it on the same worker has done and not reported.
--   $1 session   $2 the one before   $3 tasks   $4 attempts   $5 lease length in ms   $6 now
UPDATE task SET leased_by = $1::uuid,
                lease_until = time_or_now($6::bigint) + greatest($5::float8, grace_ms) * interval '1 millisecond'
  FROM unnest($3::bigint[], $4::int[]) AS s (id, attempt)
 WHERE task.id = s.id AND task.attempt = s.attempt AND state = 'leased' AND leased_by = $2::uuid
RETURNING task.id;
