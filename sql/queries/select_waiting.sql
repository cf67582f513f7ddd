-- The tasks that are next, for each kind of worker, exclusive ones and others apart: first those of
-- no job (inspections, comparisons), then those of the owner whose jobs have spent least of devices
-- lately, of theirs those of the most urgent job, of a job the oldest.  A paused job has none.
--   $1 kinds of workers: [{"pools": [...], "runtimes": [...], "processor": "...",
--      "capabilities": [...]}, ...]   $2 how many of each kind and job
--   $3 now
WITH kinds AS (
  SELECT ARRAY(SELECT json_array_elements_text(kind -> 'pools')) AS pools,
         ARRAY(SELECT json_array_elements_text(kind -> 'runtimes')) AS runtimes,
         kind ->> 'processor' AS processor,
         ARRAY(SELECT json_array_elements_text(kind -> 'capabilities')) AS capabilities
    FROM json_array_elements($1::json) AS kind),
turns AS (
  SELECT job.id AS job_id, job.priority,
         coalesce(share.spent * power(0.5, greatest(0, extract(epoch FROM time_or_now($3::bigint) - share.at)) / 86400),
                  0) AS spent
    FROM job LEFT JOIN share ON share.owner = job.owner
   WHERE NOT is_final(job.state) AND job.state <> 'paused'),
waiting AS (
  SELECT next.*, turns.spent, turns.priority
    FROM kinds, unnest(ARRAY[true, false]) AS half (exclusive), turns,
         LATERAL (SELECT id, exclusive, pool, runtime, task.processor, task.capability FROM task
                   WHERE state = 'queued' AND task.exclusive = half.exclusive AND job_id = turns.job_id
                     AND (not_before IS NULL OR not_before <= time_or_now($3::bigint))
                     AND (pool IS NULL OR pool = ANY (kinds.pools))
                     AND (runtime IS NULL OR runtime = ANY (kinds.runtimes))
                     AND (task.processor IS NULL OR task.processor = kinds.processor)
                     AND (task.capability IS NULL OR task.capability = ANY (kinds.capabilities))
                   ORDER BY id LIMIT $2::int) AS next
  UNION
  SELECT next.*, -1, 0
    FROM kinds, unnest(ARRAY[true, false]) AS half (exclusive),
         LATERAL (SELECT id, exclusive, pool, runtime, task.processor, task.capability FROM task
                   WHERE state = 'queued' AND task.exclusive = half.exclusive AND job_id IS NULL
                     AND (not_before IS NULL OR not_before <= time_or_now($3::bigint))
                     AND (pool IS NULL OR pool = ANY (kinds.pools))
                     AND (runtime IS NULL OR runtime = ANY (kinds.runtimes))
                     AND (task.processor IS NULL OR task.processor = kinds.processor)
                     AND (task.capability IS NULL OR task.capability = ANY (kinds.capabilities))
                   ORDER BY id LIMIT $2::int) AS next)
SELECT id, exclusive, pool, runtime, processor, capability FROM waiting
 ORDER BY spent, priority DESC, id;
