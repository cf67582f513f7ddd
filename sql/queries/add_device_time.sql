-- Counts what a device spent on the last attempt of a task towards its job and the job's owner: not
-- while it stood still.  What an owner spent counts half after a day.
--   $1 task   $2 now
WITH spent AS (
  SELECT t.job_id,
         greatest(0, extract(epoch FROM coalesce(t.stands_since, t.finished_at) - t.leased_at)::float8
                     - t.stood_ms / 1000) AS seconds
    FROM task t
   WHERE t.id = $1::bigint AND t.job_id IS NOT NULL
     AND t.finished_at IS NOT NULL AND t.leased_at IS NOT NULL),
counted AS (
  UPDATE job_progress p SET device_seconds = p.device_seconds + spent.seconds
    FROM spent WHERE p.job_id = spent.job_id)
INSERT INTO share (owner, spent, at)
SELECT job.owner, spent.seconds, time_or_now($2::bigint) FROM spent JOIN job ON job.id = spent.job_id
    ON CONFLICT (owner) DO UPDATE
   SET spent = share.spent * power(0.5, greatest(0, extract(epoch FROM excluded.at - share.at)) / 86400)
             + excluded.spent,
       at = greatest(share.at, excluded.at);
