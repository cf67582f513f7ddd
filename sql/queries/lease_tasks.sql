-- Leases each task to the worker beside it, if it waits still.  Every lease raises the attempt.
-- SKIP LOCKED: a task that somebody cancels just now is not waited for.
-- REQUIRES: the devices are locked.
--   $1 tasks   $2 sessions   $3 devices   $4 lease length in ms   $5 now
WITH wanted AS (
  SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[]) AS w (id, session, device_id)),
free AS (
  SELECT task.id, wanted.session, wanted.device_id FROM task JOIN wanted ON wanted.id = task.id
   WHERE task.state = 'queued' AND (not_before IS NULL OR not_before <= time_or_now($5::bigint))
   ORDER BY task.id
     FOR UPDATE OF task SKIP LOCKED),
leased AS (
  UPDATE task
     SET state = 'leased', attempt = attempt + 1, leased_by = free.session,
         device_id = free.device_id, leased_at = time_or_now($5::bigint),
         lease_until = time_or_now($5::bigint) + greatest($4::float8, grace_ms) * interval '1 millisecond',
         suspension = 0, stands_since = NULL, stood_ms = 0,
         not_before = NULL, waiting_reason = NULL
    FROM free
   WHERE task.id = free.id
  RETURNING task.id, task.attempt, task.document, task.time_limit_ms, task.leased_at,
            task.leased_by, task.device_id, task.checkpoint, task.checkpoint_bytes,
            task.checkpoint_step),
noted AS (
  INSERT INTO task_attempt (task_id, attempt, session, device_id, leased_at)
  SELECT id, attempt, leased_by, device_id, leased_at FROM leased)
SELECT id, attempt, document, time_limit_ms, leased_by, checkpoint, checkpoint_bytes, checkpoint_step
  FROM leased;
