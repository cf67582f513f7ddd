-- How many trials of a job are asked, finished, failed.
--   $1 job
SELECT count(*) AS asked, count(*) FILTER (WHERE state = 'finished') AS finished,
       count(*) FILTER (WHERE state = 'failed') AS failed
  FROM trial WHERE job_id = $1::bigint;
