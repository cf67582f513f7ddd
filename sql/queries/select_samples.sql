-- The samples of a target's measurements that an earlier version kept in the row.
--   $1 job   $2 number   $3 target
SELECT to_json(samples_ms) AS samples_ms, to_json(confirmed_samples_ms) AS confirmed_samples_ms
  FROM trial_outcome
 WHERE job_id = $1::bigint AND number = $2::int AND target = $3;
