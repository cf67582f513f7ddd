-- What was kept by keep_contenders, if no outcome of the job has changed since.
--   $1 job   $2 rule
SELECT to_json(c.numbers) AS numbers
  FROM job_contenders c
  JOIN job_progress p USING (job_id)
 WHERE job_id = $1::bigint AND c.rule = $2::int AND c.revision = p.revision;
