-- Super-networks by the beginning of their SHA-256, or a page of all.
--   $1 beginning of the SHA-256 or null   $2 after this id   $3 limit
SELECT id, sha256, bytes, job_id, model_sha256, card_version, dataset_sha256, statistics_sha256, training, plan_sha256,
       micros(created_at) AS created_at
  FROM supernet
 WHERE ($1::text IS NULL OR starts_with(sha256, $1)) AND id > $2::bigint
 ORDER BY id
 LIMIT $3::int;
