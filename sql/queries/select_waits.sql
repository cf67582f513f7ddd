-- Tasks that wait through nobody's fault.
--   $1 job or null: all   $2 limit
SELECT id, kind, model_sha256, dataset_sha256, job_id, trial, comparison_id, waiting_reason,
       micros(not_before) AS not_before, waits
  FROM task
 WHERE not_before IS NOT NULL AND ($1::bigint IS NULL OR job_id = $1)
 ORDER BY id LIMIT $2::int;
