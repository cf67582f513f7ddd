-- Which trials of a job have outcomes that are newer than a revision, oldest change first.
--   $1 job   $2 after this revision   $3 limit
SELECT number, revision FROM trial_outcome
 WHERE job_id = $1::bigint AND revision > $2::bigint
 ORDER BY revision
 LIMIT $3::int;
