-- One comparison, or a page of all.
--   $1 id or null   $2 after this id   $3 limit
SELECT id, job_id, target, plan_a_sha256, plan_b_sha256, document, reason, result,
       CASE WHEN finished_at IS NULL AND EXISTS (SELECT FROM task WHERE comparison_id = comparison.id
                                                 AND task.state = 'leased')
            THEN 'running' ELSE state END AS state,
       micros(created_at) AS created_at, micros(finished_at) AS finished_at
  FROM comparison
 WHERE ($1::bigint IS NULL OR id = $1) AND id > $2::bigint
 ORDER BY id
 LIMIT $3::int;
