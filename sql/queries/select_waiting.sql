-- The oldest tasks that wait, for each kind of worker, exclusive ones and others apart.
--   $1 kinds of workers: [{"pools": [...], "runtimes": [...], "processor": "...",
--      "capabilities": [...]}, ...]   $2 how many of each
--   $3 now
WITH kinds AS (
  SELECT ARRAY(SELECT json_array_elements_text(kind -> 'pools')) AS pools,
         ARRAY(SELECT json_array_elements_text(kind -> 'runtimes')) AS runtimes,
         kind ->> 'processor' AS processor,
         ARRAY(SELECT json_array_elements_text(kind -> 'capabilities')) AS capabilities
    FROM json_array_elements($1::json) AS kind)
SELECT DISTINCT waiting.id, waiting.exclusive, waiting.pool, waiting.runtime,
       waiting.processor, waiting.capability
  FROM kinds, unnest(ARRAY[true, false]) AS half (exclusive),
       LATERAL (SELECT id, exclusive, pool, runtime, task.processor, task.capability FROM task
                 WHERE state = 'queued' AND task.exclusive = half.exclusive
                   AND (not_before IS NULL OR not_before <= time_or_now($3::bigint))
                   AND (pool IS NULL OR pool = ANY (kinds.pools))
                   AND (runtime IS NULL OR runtime = ANY (kinds.runtimes))
                   AND (task.processor IS NULL OR task.processor = kinds.processor)
                   AND (task.capability IS NULL OR task.capability = ANY (kinds.capabilities))
                 ORDER BY id LIMIT $2::int) AS waiting
 ORDER BY waiting.id;
