-- Counts time that a job has searched for.
--   $1 job   $2 seconds
UPDATE job_progress SET searched_seconds = searched_seconds + $2::float8
 WHERE job_id = $1::bigint
RETURNING job_id;
