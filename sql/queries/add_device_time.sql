-- Counts what a device spent on the last attempt of a task towards its job: not while it stood still.
--   $1 task
UPDATE job_progress p
   SET device_seconds = p.device_seconds
                      + extract(epoch FROM coalesce(t.stands_since, t.finished_at) - t.leased_at)::float8
                      - t.stood_ms / 1000
  FROM task t
 WHERE t.id = $1::bigint AND p.job_id = t.job_id
   AND t.finished_at IS NOT NULL AND t.leased_at IS NOT NULL;
