-- Ends a trial.  No row: it has ended, or there is none.
--   $1 job   $2 number   $3 state   $4 reason   $5 now
UPDATE trial SET state = $3::trial_state, reason = $4, finished_at = time_or_now($5::bigint)
 WHERE job_id = $1::bigint AND number = $2::int AND state = 'running' AND $3 <> 'running'
RETURNING number;
