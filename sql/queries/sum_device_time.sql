-- What devices spent on the tasks of a job that have ended, in their last attempt.
--   $1 job
SELECT coalesce(sum(extract(epoch FROM finished_at - leased_at)), 0)::float8 AS seconds
  FROM task WHERE job_id = $1::bigint AND finished_at IS NOT NULL AND leased_at IS NOT NULL;
