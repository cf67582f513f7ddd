-- Records the ends of attempts.  Those that are not returned are late: the lease was lost, drop them.
-- (id, attempt) is the fence: a worker that slept through its lease cannot overwrite its heir.
--   $1 tasks   $2 attempts   $3 'succeeded' or 'failed'   $4 worth another attempt   $5 reasons
--   $6 outcomes   $7 now
-- REQUIRES: no task is named twice.
WITH said AS (
  SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::boolean[], $5::text[], $6::text[])
    AS s (id, attempt, ending, retryable, reason, outcome)),
held AS (
  SELECT task.id, said.reason, said.outcome,
         CASE WHEN ending = 'failed' AND retryable AND task.attempt < max_attempts THEN 'queued'
              ELSE ending END::task_state AS becomes
    FROM task JOIN said ON said.id = task.id AND said.attempt = task.attempt
   WHERE task.state = 'leased'
   ORDER BY task.id
     FOR UPDATE OF task),
ended AS (
  UPDATE task
     SET state = becomes,
         finished_at = CASE WHEN becomes = 'queued' THEN NULL ELSE time_or_now($7::bigint) END,
         progress = CASE WHEN becomes = 'queued' THEN 0 ELSE progress END,
         message = CASE WHEN becomes = 'queued' THEN '' ELSE message END,
         leased_by = NULL, device_id = NULL, lease_until = NULL, reason = held.reason,
         outcome = held.outcome::json
    FROM held WHERE task.id = held.id
  RETURNING task.id, attempt, state, job_id),
noted AS (
  UPDATE task_attempt SET ended_at = time_or_now($7::bigint), ending = 'reported'
    FROM ended WHERE task_id = ended.id AND task_attempt.attempt = ended.attempt),
told AS (
  INSERT INTO event (at, kind, job_id, body)
  SELECT time_or_now($7::bigint), 'task.' || state, job_id, json_build_object('task', id)
    FROM ended ORDER BY id)
SELECT id, attempt FROM ended;
