-- Keeps why a trial is worth nothing on a target.  No row: it was measured there, or has a reason.
--   $1 job   $2 number   $3 target   $4 reason
INSERT INTO trial_outcome AS o (job_id, number, target, infeasible)
VALUES ($1::bigint, $2::int, $3, $4)
ON CONFLICT (job_id, number, target) DO UPDATE SET infeasible = EXCLUDED.infeasible
 WHERE (o.latency IS NULL OR o.accuracy IS NULL) AND o.infeasible IS NULL
RETURNING number;
