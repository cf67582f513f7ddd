-- One row: a task is queued and may be handed out now, whoever could do it.
--   $1 now
SELECT 1 FROM task WHERE state = 'queued' AND (not_before IS NULL OR not_before <= time_or_now($1::bigint))
 LIMIT 1;
