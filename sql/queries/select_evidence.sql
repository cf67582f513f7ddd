-- The bulk behind one outcome.
--   $1 job   $2 number   $3 target
SELECT accuracy, latency, to_json(samples_ms) AS samples_ms,
       to_json(confirmed_samples_ms) AS confirmed_samples_ms, confirmed_latency
  FROM trial_outcome
 WHERE job_id = $1::bigint AND number = $2::int AND target = $3;
