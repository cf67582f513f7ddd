-- One job, a page of all, or those that still go on, with how far each has come.
--   $1 id or null   $2 after this id   $3 only those not final   $4 limit   $5 now
SELECT id, document, model_sha256, card_version, to_json(warnings) AS warnings, dataset_sha256, seed, state, reason, owner, priority, statistics_sha256, prepared, preprocessing, supernet_sha256, tuning,
       (SELECT json_agg(target ORDER BY ordinal) FROM job_target WHERE job_id = job.id) AS targets,
       micros(created_at) AS created_at, micros(started_at) AS started_at,
       micros(searching_at) AS searching_at, micros(finished_at) AS finished_at,
       asked, finished, failed, device_seconds, searched_seconds, revision, micros(time_or_now($5::bigint)) AS read_at
  FROM job JOIN job_progress ON job_id = id
 WHERE ($1::bigint IS NULL OR id = $1) AND id > $2::bigint
   AND NOT ($3::boolean AND is_final(state))
 ORDER BY id
 LIMIT $4::int;
