-- Trials of a job by number, or of all jobs by the beginning of a SHA-256.
--   $1 job or null   $2 numbers or null   $3 after this number   $4 beginning of the plan's or null
--   $5 beginning of the candidate's or null   $6 limit
SELECT job_id, number, plan_sha256, plan, origin, to_json(genome) AS genome, state, reason,
       candidate_sha256, bytes, macs, build, micros(created_at) AS created_at,
       micros(finished_at) AS finished_at
  FROM trial
 WHERE ($1::bigint IS NULL OR job_id = $1) AND ($2::int[] IS NULL OR number = ANY ($2))
   AND number > $3::int
   AND ($4::text IS NULL OR plan_sha256 LIKE $4 || '%')
   AND ($5::text IS NULL OR candidate_sha256 LIKE $5 || '%')
 ORDER BY job_id, number
 LIMIT $6::int;
