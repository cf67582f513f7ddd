-- Keeps what `benchmark` found.  No row: it was kept before, or the trial is infeasible there.
--   $1 job   $2 number   $3 target   $4 measurement   $5 suspect or null
INSERT INTO trial_outcome AS o (job_id, number, target, latency, suspect)
VALUES ($1::bigint, $2::int, $3, $4::json, $5)
ON CONFLICT (job_id, number, target) DO UPDATE
   SET latency = EXCLUDED.latency, suspect = EXCLUDED.suspect
 WHERE o.latency IS NULL AND o.infeasible IS NULL
RETURNING number;
