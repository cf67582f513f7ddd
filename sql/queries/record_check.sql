-- Keeps what the check of a target found.  No row: it was kept before.
--   $1 job   $2 target   $3 processor   $4 version of the runtime   $5 int8   $6 result or null
--   $7 reason   $8 the job that measured it   $9 when, or null for now   $10 now
INSERT INTO job_check (job_id, target, processor, runtime_version, int8, result, reason,
                       measured_by, measured_at)
VALUES ($1::bigint, $2, $3, $4, $5::boolean, $6::json, $7, $8::bigint,
        time_or_now(coalesce($9::bigint, $10::bigint)))
ON CONFLICT (job_id, target) DO NOTHING
RETURNING job_id;
