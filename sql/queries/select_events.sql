-- What happened after an event.
--   $1 after this id   $2 limit
SELECT id, micros(at) AS at, kind, job_id, body FROM event WHERE id > $1::bigint ORDER BY id LIMIT $2::int;
