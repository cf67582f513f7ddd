-- Keeps what `benchmark` found.  No row: it was kept before, or the trial is infeasible there.
--   $1 job   $2 number   $3 target   $4 median   $5 low   $6 high   $7 samples   $8 result   $9 suspect or null
INSERT INTO trial_outcome AS o (job_id, number, target, median_ms, low_ms, high_ms, samples_ms, latency,
                                suspect)
VALUES ($1::bigint, $2::int, $3, $4::float8, $5::float8, $6::float8, $7::float8[], $8::json, $9)
ON CONFLICT (job_id, number, target) DO UPDATE
   SET median_ms = EXCLUDED.median_ms, low_ms = EXCLUDED.low_ms, high_ms = EXCLUDED.high_ms,
       samples_ms = EXCLUDED.samples_ms, latency = EXCLUDED.latency, suspect = EXCLUDED.suspect
 WHERE o.median_ms IS NULL AND o.infeasible IS NULL
RETURNING number;
