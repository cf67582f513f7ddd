-- Keeps a reading of the canary.
--   $1 job   $2 target   $3 device   $4 reading
INSERT INTO canary_reading (job_id, target, device_id, reading_ms)
VALUES ($1::bigint, $2, $3, $4::float8)
RETURNING id;
