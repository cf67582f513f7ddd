-- The canary's readings for a target of a job, in the order they were kept.
--   $1 job   $2 target
SELECT device_id, reading_ms FROM canary_reading
 WHERE job_id = $1::bigint AND target = $2
 ORDER BY id;
