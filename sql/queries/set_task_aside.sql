-- Keeps why the end of a task could not be handled as its kind wants it.  No row: it has not ended,
-- or has a reason already.
--   $1 task   $2 reason   $3 now
WITH aside AS (
  UPDATE task SET set_aside = $2
   WHERE id = $1::bigint AND state IN ('succeeded', 'failed') AND set_aside IS NULL
  RETURNING id, job_id),
told AS (
  INSERT INTO event (at, kind, job_id, body)
  SELECT time_or_now($3::bigint), 'task.set_aside', job_id, json_build_object('task', id) FROM aside)
SELECT id FROM aside;
