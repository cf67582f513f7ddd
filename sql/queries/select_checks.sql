-- The checks of a job in the order of its targets, or those that succeeded on a kind of target, the
-- newest first.
--   $1 job or null   $2 pool   $3 runtime   $4 threads   $5 no older than seconds   $6 now
SELECT c.job_id, c.target, c.processor, c.runtime_version, c.int8, c.result, c.reason,
       c.measured_by, micros(c.measured_at) AS measured_at
  FROM job_check c
  JOIN job_target USING (job_id, target)
  JOIN target t ON t.name = c.target
 WHERE CASE WHEN $1::bigint IS NOT NULL THEN c.job_id = $1::bigint
            ELSE c.result IS NOT NULL AND t.pool = $2 AND t.runtime = $3 AND t.threads = $4::int
                 AND c.measured_at >= time_or_now($6::bigint) - make_interval(secs => $5::float8) END
 ORDER BY CASE WHEN $1::bigint IS NULL THEN c.measured_at END DESC, job_target.ordinal, c.job_id;
