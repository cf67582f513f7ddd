-- Counts what a device spent on the last attempt of a task towards its job.
--   $1 task
UPDATE job_progress p
   SET device_seconds = p.device_seconds + extract(epoch FROM t.finished_at - t.leased_at)::float8
  FROM task t
 WHERE t.id = $1::bigint AND p.job_id = t.job_id
   AND t.finished_at IS NOT NULL AND t.leased_at IS NOT NULL;
