-- The search log of a job, in order.
--   $1 job
SELECT job_id, seq, step, payload FROM search_log WHERE job_id = $1::bigint ORDER BY seq;
