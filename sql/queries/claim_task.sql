-- Leases the oldest task that a worker may do now; no row means nothing to do.
-- While an exclusive task waits that some worker of this device could do, nothing else is handed out
-- there, and the exclusive one goes out when the device is free.
-- SKIP LOCKED: two workers asking at once get two tasks, and neither waits for the other.
-- REQUIRES: the device is locked, in an earlier statement: this one must see what the last claim did.
--   $1 session   $2 lease length in ms   $3 now
WITH me AS (
  SELECT session, device_id, pools, runtime_names FROM worker WHERE session = $1::uuid),
busy AS (
  SELECT count(*) > 0 AS at_all, coalesce(bool_or(exclusive), false) AS alone
    FROM task JOIN me USING (device_id) WHERE state = 'leased'),
draining AS (
  SELECT EXISTS (SELECT FROM task, me
                   JOIN worker w ON w.device_id = me.device_id AND NOT w.lost
                  WHERE task.state = 'queued' AND task.exclusive
                    AND (task.pool IS NULL OR task.pool = ANY (w.pools))
                    AND (task.runtime IS NULL OR task.runtime = ANY (w.runtime_names))) AS now),
chosen AS (
  SELECT task.id FROM task, me
   WHERE task.state = 'queued'
     AND task.exclusive = (SELECT now FROM draining)
     AND NOT (SELECT alone FROM busy)
     AND NOT (task.exclusive AND (SELECT at_all FROM busy))
     AND (task.pool IS NULL OR task.pool = ANY (me.pools))
     AND (task.runtime IS NULL OR task.runtime = ANY (me.runtime_names))
   ORDER BY task.id LIMIT 1
     FOR UPDATE OF task SKIP LOCKED),
leased AS (
  UPDATE task
     SET state = 'leased', attempt = attempt + 1, leased_by = me.session, device_id = me.device_id,
         leased_at = time_or_now($3::bigint),
         lease_until = time_or_now($3::bigint) + $2::float8 * interval '1 millisecond'
    FROM chosen, me
   WHERE task.id = chosen.id
  RETURNING task.id, task.attempt, task.document, task.time_limit_ms, task.leased_at),
noted AS (
  INSERT INTO task_attempt (task_id, attempt, session, device_id, leased_at)
  SELECT leased.id, leased.attempt, me.session, me.device_id, leased.leased_at FROM leased, me)
SELECT id, attempt, document, time_limit_ms FROM leased;
