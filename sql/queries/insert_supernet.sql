-- Keeps what training made, with where it comes from.  The same file that came out before stays as it was.
--   $1 sha256   $2 bytes   $3 job or null   $4 model   $5 version of its card   $6 dataset or null   $7 statistics
--   $8 result of `train`   $9 only plan or null   $10 now
INSERT INTO supernet (sha256, bytes, job_id, model_sha256, card_version, dataset_sha256,
                      statistics_sha256, training, plan_sha256, created_at)
VALUES ($1, $2::bigint, $3::bigint, $4, $5::int, $6, $7, $8::json, $9, time_or_now($10::bigint))
ON CONFLICT (sha256) DO NOTHING;
