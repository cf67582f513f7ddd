-- The series of a task.
--   $1 task
SELECT attempt, step, micros(at) AS at, numbers FROM task_point
 WHERE task_id = $1::bigint ORDER BY attempt, step;
