-- Takes every second point of the series that have too many.
--   $1 tasks   $2 how many they may have
WITH placed AS (
  SELECT task_id, attempt, step, count(*) OVER (PARTITION BY task_id) AS points,
         row_number() OVER (PARTITION BY task_id ORDER BY attempt, step) AS place
    FROM task_point WHERE task_id = ANY ($1::bigint[]))
DELETE FROM task_point USING placed
 WHERE points > $2::int AND place % 2 = 0
   AND (task_point.task_id, task_point.attempt, task_point.step)
     = (placed.task_id, placed.attempt, placed.step);
