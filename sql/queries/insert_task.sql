-- Queues a task, with what is true of its kind (core/task_kind.h).
--   $1 kind   $2 model or null   $3 dataset or null   $4 job or null   $5 trial or null
--   $6 comparison or null   $7 target   $8 pool or null   $9 runtime or null   $10 document
--   $11 time limit in ms   $12 most attempts   $13 now   $14 processor or null   $15 exclusive
--   $16 preemptible   $17 grace in ms   $18 capability or null
INSERT INTO task (kind, model_sha256, dataset_sha256, job_id, trial, comparison_id, target, pool,
                  runtime, document, time_limit_ms, max_attempts, created_at, processor, exclusive,
                  preemptible, grace_ms, capability)
VALUES ($1, $2, $3, $4::bigint, $5::int, $6::bigint, $7, $8, $9, $10::json, $11::float8,
        $12::smallint, time_or_now($13::bigint), $14, $15::boolean, $16::boolean, $17::float8, $18)
RETURNING id;
