-- Has what steps aside stand still on some devices and go on everywhere else.
-- REQUIRES: the devices are locked.
--   $1 devices that something else is to have for itself   $2 now
WITH chosen AS (
  SELECT id FROM task
   WHERE state = 'leased' AND preemptible
     AND (device_id = ANY ($1::text[])) <> (suspension % 2 = 1)
   ORDER BY id
     FOR UPDATE)
UPDATE task SET suspension = suspension + 1, suspended = false, stands_since = NULL,
                stood_ms = stood_ms + coalesce(
                  extract(epoch FROM time_or_now($2::bigint) - stands_since)::float8 * 1000, 0)
  FROM chosen WHERE task.id = chosen.id
RETURNING task.id;
