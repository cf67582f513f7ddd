-- What the newest complete reading of a job found that its fronts depend on.
--   $1 job   $2 numbers   $3 revision   $4 rule
INSERT INTO job_contenders (job_id, numbers, revision, rule)
VALUES ($1::bigint, $2::int[], $3::bigint, $4::int)
ON CONFLICT (job_id) DO UPDATE
   SET numbers = EXCLUDED.numbers, revision = EXCLUDED.revision, rule = EXCLUDED.rule;
