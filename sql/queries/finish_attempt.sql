-- Records the end of an attempt.  No row: the lease was lost, the report is late, drop it.
-- (id, attempt) is the fence: a worker that slept through its lease cannot overwrite its heir.
--   $1 task   $2 attempt   $3 'succeeded' or 'failed'   $4 worth another attempt   $5 reason
--   $6 outcome   $7 now
WITH ended AS (
  UPDATE task
     SET state = CASE WHEN $3 = 'failed' AND $4::boolean AND attempt < max_attempts THEN 'queued'
                      ELSE $3 END::task_state,
         finished_at = CASE WHEN $3 = 'failed' AND $4::boolean AND attempt < max_attempts THEN NULL
                            ELSE time_or_now($7::bigint) END,
         progress = CASE WHEN $3 = 'failed' AND $4::boolean AND attempt < max_attempts THEN 0
                         ELSE progress END,
         message = CASE WHEN $3 = 'failed' AND $4::boolean AND attempt < max_attempts THEN ''
                        ELSE message END,
         leased_by = NULL, device_id = NULL, lease_until = NULL, reason = $5, outcome = $6::json
   WHERE id = $1::bigint AND attempt = $2::int AND state = 'leased'
  RETURNING id, attempt, state, job_id),
noted AS (
  UPDATE task_attempt SET ended_at = time_or_now($7::bigint), ending = 'reported'
    FROM ended WHERE task_id = ended.id AND task_attempt.attempt = ended.attempt),
told AS (
  INSERT INTO event (at, kind, job_id, body)
  SELECT time_or_now($7::bigint), 'task.' || state, job_id, json_build_object('task', id) FROM ended)
SELECT state FROM ended;
