-- A job that ends leaves no running trial behind.
--   $1 job   $2 reason   $3 now
UPDATE trial SET state = 'failed', reason = $2, finished_at = time_or_now($3::bigint)
 WHERE job_id = $1::bigint AND state = 'running';
