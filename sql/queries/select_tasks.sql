-- One task, or a page of those that match.
--   $1 id or null   $2 job or null   $3 trial or null   $4 state or null
--   $5 only ended and not handled, in the order they ended   $6 after this id   $7 limit
SELECT id, kind, model_sha256, dataset_sha256, job_id, trial, comparison_id, target, pool, runtime,
       processor, document, state, attempt, burnt, waits, micros(not_before) AS not_before,
       waiting_reason, leased_by, device_id, progress, message, suspended, checkpoint, checkpoint_bytes,
       checkpoint_step,
       outcome, reason, handled, set_aside, micros(created_at) AS created_at, micros(leased_at) AS leased_at,
       micros(finished_at) AS finished_at,
       (SELECT a.device_id FROM task_attempt a WHERE a.task_id = task.id
         ORDER BY a.attempt DESC LIMIT 1) AS ran_on
  FROM task
 WHERE ($1::bigint IS NULL OR id = $1) AND ($2::bigint IS NULL OR job_id = $2)
   AND ($3::int IS NULL OR trial = $3) AND ($4::task_state IS NULL OR state = $4)
   AND (NOT $5::boolean OR state IN ('succeeded', 'failed') AND NOT handled
                            AND set_aside IS NULL)
   AND id > $6::bigint
 ORDER BY CASE WHEN $5::boolean THEN finished_at END, id
 LIMIT $7::int;
