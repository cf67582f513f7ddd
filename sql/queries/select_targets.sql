-- One target, or all of them by name.
--   $1 name or null
SELECT name, runtime, pool, threads, to_json(precisions) AS precisions
  FROM target
 WHERE $1::text IS NULL OR name = $1
 ORDER BY name COLLATE "C";
