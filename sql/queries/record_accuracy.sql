-- Keeps what `evaluate` found.  No row: it was kept before.
--   $1 job   $2 number   $3 target   $4 map   $5 images   $6 runtime   $7 detections or null
--   $8 result   $9 figures or null   $10 draws or null   $11 expected or null
--   $12 identity or null   $13 alarm or null
--   $14 map, $15 images and $16 draws of what is held back, or null
INSERT INTO trial_outcome AS o (job_id, number, target, map_50_95, images, accuracy_runtime,
                                detections_sha256, accuracy, figures, accuracy_draws, expected_map,
                                accuracy_identity, accuracy_alarm, held_back_map,
                                held_back_images, held_back_draws)
VALUES ($1::bigint, $2::int, $3, $4::float8, $5::int, $6, $7, $8::json, $9::jsonb, $10::float8[],
        $11::float8, $12::json, $13, $14::float8, $15::int, $16::float8[])
ON CONFLICT (job_id, number, target) DO UPDATE
   SET map_50_95 = EXCLUDED.map_50_95, images = EXCLUDED.images,
       accuracy_runtime = EXCLUDED.accuracy_runtime,
       detections_sha256 = EXCLUDED.detections_sha256, accuracy = EXCLUDED.accuracy,
       figures = EXCLUDED.figures, accuracy_draws = EXCLUDED.accuracy_draws,
       expected_map = EXCLUDED.expected_map,
       accuracy_identity = EXCLUDED.accuracy_identity, accuracy_alarm = EXCLUDED.accuracy_alarm,
       held_back_map = EXCLUDED.held_back_map, held_back_images = EXCLUDED.held_back_images,
       held_back_draws = EXCLUDED.held_back_draws
 WHERE o.map_50_95 IS NULL
RETURNING number;
