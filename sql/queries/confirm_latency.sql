-- Keeps what a second `benchmark` found.  No row: there is no first one, or it was kept before.
--   $1 job   $2 number   $3 target   $4 measurement   $5 suspect or null
UPDATE trial_outcome
   SET confirmed_latency = $4::json, confirmed_suspect = $5
 WHERE job_id = $1::bigint AND number = $2::int AND target = $3
   AND latency IS NOT NULL AND confirmed_latency IS NULL
RETURNING number;
