-- Moves a job.  REQUIRES: it is locked, and core's can_move allows it.
--   $1 id   $2 state   $3 reason   $4 now
UPDATE job
   SET state = $2::job_state, reason = $3,
       started_at = CASE WHEN $2 = 'preparing' THEN coalesce(started_at, time_or_now($4::bigint)) ELSE started_at END,
       searching_at = CASE WHEN $2 = 'searching' THEN coalesce(searching_at, time_or_now($4::bigint)) ELSE searching_at END,
       finished_at = CASE WHEN is_final($2::job_state) THEN time_or_now($4::bigint) END
 WHERE id = $1::bigint;
