-- Makes a device known, or notes what it says of itself now.
--   $1 id   $2 probe or null   $3 now
INSERT INTO device (id, probe, last_seen) VALUES ($1, $2::json, time_or_now($3::bigint))
ON CONFLICT (id) DO UPDATE SET probe = EXCLUDED.probe, last_seen = EXCLUDED.last_seen;
