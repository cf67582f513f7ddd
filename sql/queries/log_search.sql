-- Appends to the search log.  REQUIRES: the job is locked.
--   $1 job   $2 step   $3 payload
INSERT INTO search_log (job_id, seq, step, payload)
SELECT $1::bigint, coalesce(max(seq), 0) + 1, $2::search_step, $3::json
  FROM search_log WHERE job_id = $1::bigint;
