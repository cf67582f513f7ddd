-- One row: this attempt ended with a report.
--   $1 task   $2 attempt
SELECT ending FROM task_attempt
 WHERE task_id = $1::bigint AND attempt = $2::int AND ending = 'reported';
