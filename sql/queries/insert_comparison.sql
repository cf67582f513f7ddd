-- Makes a comparison.
--   $1 job   $2 target   $3 plan a   $4 plan b   $5 document   $6 now
INSERT INTO comparison (job_id, target, plan_a_sha256, plan_b_sha256, document, created_at)
VALUES ($1::bigint, $2, $3, $4, $5::json, time_or_now($6::bigint))
RETURNING id;
