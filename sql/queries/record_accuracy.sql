-- Keeps what `evaluate` found.  No row: it was kept before.
--   $1 job   $2 number   $3 target   $4 map   $5 images   $6 runtime   $7 detections or null   $8 result
INSERT INTO trial_outcome AS o (job_id, number, target, map_50_95, images, accuracy_runtime,
                                detections_sha256, accuracy)
VALUES ($1::bigint, $2::int, $3, $4::float8, $5::int, $6, $7, $8::json)
ON CONFLICT (job_id, number, target) DO UPDATE
   SET map_50_95 = EXCLUDED.map_50_95, images = EXCLUDED.images,
       accuracy_runtime = EXCLUDED.accuracy_runtime,
       detections_sha256 = EXCLUDED.detections_sha256, accuracy = EXCLUDED.accuracy
 WHERE o.map_50_95 IS NULL
RETURNING number;
