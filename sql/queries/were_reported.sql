-- Those of these attempts that ended with a report.
--   $1 tasks   $2 attempts
SELECT task_id, task_attempt.attempt
  FROM task_attempt JOIN unnest($1::bigint[], $2::int[]) AS s (id, attempt)
    ON task_id = s.id AND task_attempt.attempt = s.attempt
 WHERE ending = 'reported';
