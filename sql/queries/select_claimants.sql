-- Every worker that is not lost on the devices of those who ask, with what its device does; those who
-- ask come first, in their order.
--   $1 sessions that ask
WITH asking AS (
  SELECT session, place FROM unnest($1::uuid[]) WITH ORDINALITY AS a (session, place)),
devices AS (
  SELECT DISTINCT worker.device_id FROM asking JOIN worker USING (session) WHERE NOT worker.lost),
loads AS (
  SELECT device_id, bool_or(exclusive) AS alone FROM task JOIN devices USING (device_id)
   WHERE state = 'leased' GROUP BY device_id)
SELECT worker.session, worker.device_id, array_to_json(worker.pools) AS pools,
       array_to_json(worker.runtime_names) AS runtime_names, device.processor, asking.place IS NOT NULL AS asks,
       loads.device_id IS NOT NULL AS busy, coalesce(loads.alone, false) AS alone
  FROM devices
  JOIN worker ON worker.device_id = devices.device_id AND NOT worker.lost
  JOIN device ON device.id = devices.device_id
  LEFT JOIN asking ON asking.session = worker.session
  LEFT JOIN loads ON loads.device_id = devices.device_id
 ORDER BY asking.place;
