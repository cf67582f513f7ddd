-- Keeps what a second `benchmark` found.  No row: there is no first one, or it was kept before.
--   $1 job   $2 number   $3 target   $4 median   $5 low   $6 high   $7 samples   $8 result
--   $9 suspect or null
UPDATE trial_outcome
   SET confirmed_median_ms = $4::float8, confirmed_low_ms = $5::float8, confirmed_high_ms = $6::float8,
       confirmed_samples_ms = $7::float8[], confirmed_latency = $8::json, confirmed_suspect = $9
 WHERE job_id = $1::bigint AND number = $2::int AND target = $3
   AND median_ms IS NOT NULL AND confirmed_median_ms IS NULL
RETURNING number;
