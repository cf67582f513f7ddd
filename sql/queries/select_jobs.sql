-- One job, a page of all, or those that still go on.
--   $1 id or null   $2 after this id   $3 only those not final   $4 limit
SELECT id, document, model_sha256, dataset_sha256, seed, state, reason, statistics_sha256, prepared,
       (SELECT json_agg(target ORDER BY ordinal) FROM job_target WHERE job_id = job.id) AS targets,
       micros(created_at) AS created_at, micros(started_at) AS started_at,
       micros(searching_at) AS searching_at, micros(finished_at) AS finished_at
  FROM job
 WHERE ($1::bigint IS NULL OR id = $1) AND id > $2::bigint
   AND NOT ($3::boolean AND is_final(state))
 ORDER BY id
 LIMIT $4::int;
