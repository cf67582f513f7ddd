-- Cancels what a job or the inspection of a model still has to do, and marks what it did as handled.
--   $1 job or null   $2 model that is inspected, or null   $3 now
WITH selected AS (
  SELECT id, state FROM task
   WHERE (job_id = $1::bigint OR kind = 'inspect_model' AND model_sha256 = $2 AND job_id IS NULL)
     AND (state IN ('queued', 'leased') OR state IN ('succeeded', 'failed') AND NOT handled)
   ORDER BY id
     FOR UPDATE),
ended AS (
  UPDATE task
     SET state = CASE WHEN selected.state IN ('queued', 'leased') THEN 'cancelled'
                      ELSE selected.state END,
         handled = selected.state NOT IN ('queued', 'leased'),
         finished_at = coalesce(finished_at, time_or_now($3::bigint)),
         checkpoint = NULL, checkpoint_bytes = NULL, checkpoint_step = NULL, checkpoint_attempt = NULL,
         suspended = false, leased_by = NULL, device_id = NULL, lease_until = NULL,
         not_before = NULL, waiting_reason = NULL
    FROM selected WHERE task.id = selected.id
  RETURNING task.id, task.attempt, task.job_id, selected.state AS was),
noted AS (
  UPDATE task_attempt SET ended_at = time_or_now($3::bigint), ending = 'cancelled'
    FROM ended
   WHERE task_id = ended.id AND task_attempt.attempt = ended.attempt AND was = 'leased')
INSERT INTO event (at, kind, job_id, body)
SELECT time_or_now($3::bigint), 'task.cancelled', job_id, json_build_object('task', id)
  FROM ended WHERE was IN ('queued', 'leased') ORDER BY id;
