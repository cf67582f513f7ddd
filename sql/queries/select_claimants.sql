-- Every worker that is not lost on the devices of those who ask, and on other devices that are named,
-- with what its device does; those who ask come first, in their order.
--   $1 sessions that ask   $2 devices
WITH asking AS (
  SELECT session, place FROM unnest($1::uuid[]) WITH ORDINALITY AS a (session, place)),
devices AS (
  SELECT worker.device_id FROM asking JOIN worker USING (session) WHERE NOT worker.lost
  UNION SELECT unnest($2::text[])),
loads AS (
  SELECT device_id, bool_or(exclusive) AS alone, bool_or(NOT preemptible) AS stays
    FROM task JOIN devices USING (device_id)
   WHERE state = 'leased' AND NOT suspended GROUP BY device_id)
SELECT worker.session, worker.device_id, array_to_json(worker.pools) AS pools,
       array_to_json(worker.runtime_names) AS runtime_names, array_to_json(worker.capabilities) AS capabilities, device.processor, asking.place IS NOT NULL AS asks,
       loads.device_id IS NOT NULL AS busy, coalesce(loads.alone, false) AS alone,
       coalesce(loads.stays, false) AS stays,
       EXISTS (SELECT FROM task WHERE state = 'leased' AND suspended AND leased_by = worker.session
                                  AND task.device_id = worker.device_id) AS stands_still
  FROM devices
  JOIN worker ON worker.device_id = devices.device_id AND NOT worker.lost
  JOIN device ON device.id = devices.device_id
  LEFT JOIN asking ON asking.session = worker.session
  LEFT JOIN loads ON loads.device_id = devices.device_id
 ORDER BY asking.place;
