-- Records the ends of attempts.  Those that are not returned are late: the lease was lost, drop them.
-- (id, attempt) is the fence: a worker that slept through its lease cannot overwrite its heir.  A
-- result that comes after the lease was lost, and before anybody took the task over, counts.
--   $1 tasks   $2 attempts   $3 'succeeded' or 'failed'   $4 of a failure: 'final', 'burns' or 'waits'
--   $5 reasons   $6 outcomes   $7 now
-- REQUIRES: no task is named twice.
WITH said AS (
  SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS s (id, attempt, ending, burden, reason, outcome)),
held AS (
  SELECT task.id, said.reason, said.outcome,
         CASE WHEN ending = 'succeeded' THEN 0 WHEN burden = 'burns' THEN 1 ELSE 0 END AS burns,
         CASE WHEN ending = 'failed' AND burden = 'waits' THEN task.waits + 1 ELSE 0 END AS waits,
         -- One that broke before it got any further may have broken of what it went on from.
         burden = 'burns' AND checkpoint_attempt < said.attempt AS suspicious,
         CASE WHEN ending = 'succeeded' THEN 'succeeded'
              WHEN burden = 'waits' OR burden = 'burns' AND task.burnt + 1 < max_attempts THEN 'queued'
              ELSE 'failed' END::task_state AS becomes
    FROM task JOIN said ON said.id = task.id AND said.attempt = task.attempt
   WHERE task.state = 'leased'
      OR task.state = 'queued' AND ending = 'succeeded'
         AND EXISTS (SELECT FROM task_attempt a
                      WHERE a.task_id = task.id AND a.attempt = task.attempt
                        AND a.ending IN ('lost', 'given_back'))
   ORDER BY task.id
     FOR UPDATE OF task),
ended AS (
  UPDATE task
     SET state = becomes, burnt = task.burnt + held.burns, waits = held.waits,
         not_before = CASE WHEN held.waits > 0
                           THEN time_or_now($7::bigint) + wait_before(held.waits) END,
         waiting_reason = CASE WHEN held.waits > 0 THEN coalesce(nullif(held.reason, ''), 'no reason was given') END,
         finished_at = CASE WHEN becomes = 'queued' THEN NULL ELSE time_or_now($7::bigint) END,
         progress = CASE WHEN becomes = 'queued' THEN 0 ELSE progress END,
         message = CASE WHEN becomes = 'queued' THEN '' ELSE message END,
         (checkpoint, checkpoint_bytes, checkpoint_step, checkpoint_attempt) = (
           SELECT task.checkpoint, task.checkpoint_bytes, task.checkpoint_step, task.checkpoint_attempt
            WHERE becomes = 'queued' AND NOT suspicious),
         suspended = false, leased_by = NULL, device_id = NULL, lease_until = NULL, reason = held.reason,
         outcome = held.outcome::json
    FROM held WHERE task.id = held.id
  RETURNING task.id, attempt, state, job_id, not_before, waiting_reason),
noted AS (
  UPDATE task_attempt SET ended_at = time_or_now($7::bigint), ending = 'reported'
    FROM ended WHERE task_id = ended.id AND task_attempt.attempt = ended.attempt),
told AS (
  INSERT INTO event (at, kind, job_id, body)
  SELECT time_or_now($7::bigint),
         CASE WHEN not_before IS NULL THEN 'task.' || state ELSE 'task.waits' END, job_id,
         CASE WHEN not_before IS NULL THEN json_build_object('task', id)
              ELSE json_build_object('task', id, 'reason', waiting_reason) END
    FROM ended ORDER BY id)
SELECT id, attempt FROM ended;
