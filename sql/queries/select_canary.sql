-- The newest of the canary's readings for a target of a job, in the order they were kept.
--   $1 job   $2 target   $3 how many
SELECT device_id, reading_ms
  FROM (SELECT id, device_id, reading_ms FROM canary_reading
         WHERE job_id = $1::bigint AND target = $2
         ORDER BY id DESC LIMIT $3::int) newest
 ORDER BY id;
