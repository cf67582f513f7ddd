-- Adds points to series.  REQUIRES: no point is named twice.
--   $1 tasks   $2 attempts   $3 steps   $4 numbers by name, as JSON   $5 now
INSERT INTO task_point (task_id, attempt, step, at, numbers)
SELECT id, attempt, step, time_or_now($5::bigint), numbers::json
  FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[]) AS s (id, attempt, step, numbers)
ON CONFLICT (task_id, attempt, step) DO UPDATE SET at = excluded.at, numbers = excluded.numbers;
