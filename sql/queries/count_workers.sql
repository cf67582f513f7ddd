-- How many workers are not lost, how many tasks wait through nobody's fault, and why the oldest does.
SELECT (SELECT count(*) FROM worker WHERE NOT lost),
       (SELECT count(*) FROM task WHERE not_before IS NOT NULL),
       (SELECT waiting_reason FROM task WHERE not_before IS NOT NULL ORDER BY id LIMIT 1);
