-- One session, or all that are not lost for more than an hour.
--   $1 session or null   $2 now
SELECT session, name, device_id, device.probe, to_json(pools) AS pools, runtimes,
       to_json(capabilities) AS capabilities, lost,
       micros(worker.last_seen) AS last_seen,
       (SELECT coalesce(json_agg(id ORDER BY id), '[]') FROM task
         WHERE state = 'leased' AND leased_by = worker.session) AS tasks
  FROM worker JOIN device ON device.id = worker.device_id
 WHERE ($1::uuid IS NULL OR session = $1)
   AND NOT (lost AND worker.last_seen < time_or_now($2::bigint) - interval '1 hour')
 ORDER BY session;
