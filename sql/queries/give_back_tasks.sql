-- Gives back the tasks of one worker, or of all that are lost or let a lease run out; fails the
-- ones that are out of attempts.
--   $1 session, or null: of all  $2 what happened to the worker   $3 now
WITH over AS (
  SELECT task.id, worker.name FROM task JOIN worker ON session = leased_by
   WHERE state = 'leased'
     AND CASE WHEN $1::uuid IS NULL THEN lost OR lease_until < time_or_now($3::bigint)
              ELSE leased_by = $1 END
   ORDER BY task.id
     FOR UPDATE OF task),
given_back AS (
  UPDATE task
     SET state = CASE WHEN attempt < max_attempts THEN 'queued' ELSE 'failed' END::task_state,
         finished_at = CASE WHEN attempt < max_attempts THEN NULL ELSE time_or_now($3::bigint) END,
         reason = format('worker "%s" %s (attempt %s of %s)', over.name, $2::text, attempt, max_attempts),
         progress = CASE WHEN attempt < max_attempts THEN 0 ELSE progress END,
         message = CASE WHEN attempt < max_attempts THEN '' ELSE message END,
         leased_by = NULL, device_id = NULL, lease_until = NULL
    FROM over WHERE task.id = over.id
  RETURNING task.id, task.attempt, task.state, task.job_id),
noted AS (
  UPDATE task_attempt SET ended_at = time_or_now($3::bigint), ending = 'lost'
    FROM given_back WHERE task_id = given_back.id AND task_attempt.attempt = given_back.attempt),
told AS (
  INSERT INTO event (at, kind, job_id, body)
  SELECT time_or_now($3::bigint), 'task.' || state, job_id, json_build_object('task', id)
    FROM given_back)
SELECT id FROM given_back ORDER BY id;
