-- Extends leases, by a lease or the kind's grace, and keeps what their holders say of themselves.
-- Those that are not returned are no longer these workers'.  What stands still does so until
-- arrange_tasks has it go on, whatever is said meanwhile: its device may be another's.
--   $1 tasks   $2 attempts   $3 sessions   $4 progress   $5 messages   $6 lease length in ms   $7 now
--   $8 suspensions that were carried out
WITH said AS (
  SELECT DISTINCT ON (id, attempt) *
    FROM unnest($1::bigint[], $2::int[], $3::uuid[], $4::float8[], $5::text[], $8::int[])
      AS s (id, attempt, session, progress, message, suspension)),
held AS (
  SELECT task.id, said.progress, said.message, said.attempt, task.suspended AS stood_still,
         said.suspension = task.suspension AND task.suspension % 2 = 1 AS stands_still
    FROM task JOIN said ON said.id = task.id AND said.attempt = task.attempt
                       AND said.session = task.leased_by
   WHERE task.state = 'leased'
   ORDER BY task.id
     FOR UPDATE OF task)
UPDATE task
   SET lease_until = time_or_now($7::bigint) + greatest($6::float8, grace_ms) * interval '1 millisecond',
       progress = held.progress, message = held.message, suspended = stood_still OR stands_still,
       stands_since = CASE WHEN stands_still THEN coalesce(stands_since, time_or_now($7::bigint))
                           ELSE stands_since END
  FROM held WHERE task.id = held.id
RETURNING task.id, held.attempt, task.suspension, stands_still AND NOT stood_still AS freed;
