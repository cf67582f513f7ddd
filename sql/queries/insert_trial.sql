-- Adds a trial.  No row: the number is not the next one.  REQUIRES: the job is locked.
--   $1 job   $2 number   $3 plan sha256   $4 plan   $5 origin   $6 genome   $7 now
INSERT INTO trial (job_id, number, plan_sha256, plan, origin, genome, created_at)
SELECT $1::bigint, $2::int, $3, $4, $5::trial_origin,
       ARRAY(SELECT json_array_elements_text($6::json)::int), time_or_now($7::bigint)
 WHERE $2::int = (SELECT coalesce(max(number), 0) + 1 FROM trial WHERE job_id = $1::bigint)
RETURNING number;
