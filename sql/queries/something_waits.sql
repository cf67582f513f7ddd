-- One row: a task is queued, whoever could do it.
SELECT 1 FROM task WHERE state = 'queued' LIMIT 1;
