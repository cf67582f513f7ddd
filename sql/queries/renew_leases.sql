-- Extends leases.  Those that are not returned are no longer these workers'.
--   $1 tasks   $2 attempts   $3 sessions   $4 progress   $5 messages   $6 lease length in ms   $7 now
WITH said AS (
  SELECT DISTINCT ON (id, attempt) *
    FROM unnest($1::bigint[], $2::int[], $3::uuid[], $4::float8[], $5::text[])
      AS s (id, attempt, session, progress, message)),
held AS (
  SELECT task.id, said.progress, said.message, said.attempt
    FROM task JOIN said ON said.id = task.id AND said.attempt = task.attempt
                       AND said.session = task.leased_by
   WHERE task.state = 'leased'
   ORDER BY task.id
     FOR UPDATE OF task)
UPDATE task
   SET lease_until = time_or_now($7::bigint) + $6::float8 * interval '1 millisecond',
       progress = held.progress, message = held.message
  FROM held WHERE task.id = held.id
RETURNING task.id, held.attempt;
