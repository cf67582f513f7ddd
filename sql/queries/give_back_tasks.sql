-- Gives back the tasks of one worker, or of all that are lost or let a lease run out; of one that may
-- only be silent, those of kinds that have no grace, and whose grace is over.  No attempt is
-- burnt; but a task that lost too many workers, none of which was heard of again, fails.
--   $1 session, or null: of all  $2 what happened to the worker   $3 now   $4 it said goodbye
--   $5 most losses   $6 at once: it is gone for certain   $7 lease length in ms
WITH over AS (
  SELECT task.id, worker.name FROM task JOIN worker ON session = leased_by
   WHERE state = 'leased'
     AND CASE WHEN $1::uuid IS NULL THEN lost AND grace_ms <= $7::float8
                                          OR lease_until < time_or_now($3::bigint)
              ELSE leased_by = $1 AND ($6::boolean OR grace_ms <= $7::float8
                                       OR lease_until < time_or_now($3::bigint)) END
   ORDER BY task.id
     FOR UPDATE OF task),
judged AS (
  SELECT over.*, CASE WHEN $4::boolean THEN 0 ELSE 1 + (
           SELECT count(*) FROM task_attempt JOIN worker USING (session)
            WHERE task_id = over.id AND ending = 'lost' AND last_seen <= ended_at) END::int AS losses
    FROM over),
given_back AS (
  UPDATE task
     SET state = CASE WHEN losses < $5::int THEN 'queued' ELSE 'failed' END::task_state,
         finished_at = CASE WHEN losses < $5::int THEN NULL ELSE time_or_now($3::bigint) END,
         reason = said.reason,
         outcome = CASE WHEN losses < $5::int THEN outcome END,
         progress = CASE WHEN losses < $5::int THEN 0 ELSE progress END,
         message = CASE WHEN losses < $5::int THEN '' ELSE message END,
         -- After the first loss at once: the worker was more likely to blame than the task.
         not_before = CASE WHEN losses BETWEEN 2 AND $5::int - 1
                           THEN time_or_now($3::bigint) + wait_before(losses - 1) END,
         waiting_reason = CASE WHEN losses BETWEEN 2 AND $5::int - 1 THEN said.reason END,
         (checkpoint, checkpoint_bytes, checkpoint_step, checkpoint_attempt) = (
           SELECT task.checkpoint, task.checkpoint_bytes, task.checkpoint_step, task.checkpoint_attempt
            WHERE losses < $5::int),
         suspended = false, leased_by = NULL, device_id = NULL, lease_until = NULL
    FROM judged, LATERAL (
           SELECT format('worker "%s" %s', judged.name, $2::text) ||
                  CASE WHEN $4::boolean THEN '' ELSE format(' (%s of %s)', losses, $5::int) END AS reason) AS said
   WHERE task.id = judged.id
  RETURNING task.id, task.attempt, task.state, task.job_id, task.waiting_reason),
noted AS (
  UPDATE task_attempt SET ended_at = time_or_now($3::bigint),
                          ending = CASE WHEN $4::boolean THEN 'given_back' ELSE 'lost' END::attempt_end
    FROM given_back WHERE task_id = given_back.id AND task_attempt.attempt = given_back.attempt),
told AS (
  INSERT INTO event (at, kind, job_id, body)
  SELECT time_or_now($3::bigint),
         CASE WHEN waiting_reason IS NULL THEN 'task.' || state ELSE 'task.waits' END, job_id,
         CASE WHEN waiting_reason IS NULL THEN json_build_object('task', id)
              ELSE json_build_object('task', id, 'reason', waiting_reason) END
    FROM given_back)
SELECT id FROM given_back ORDER BY id;
