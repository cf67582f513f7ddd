-- Keeps what `evaluate` found.  No row: it was kept before.
--   $1 job   $2 number   $3 target   $4 accuracy   $5 runtime   $6 detections or null
--   $7 figures or null   $8 identity or null   $9 alarm or null
INSERT INTO trial_outcome AS o (job_id, number, target, accuracy, accuracy_runtime,
                                detections_sha256, figures, accuracy_identity, accuracy_alarm)
VALUES ($1::bigint, $2::int, $3, $4::json, $5, $6, $7::jsonb, $8::json, $9)
ON CONFLICT (job_id, number, target) DO UPDATE
   SET accuracy = EXCLUDED.accuracy, accuracy_runtime = EXCLUDED.accuracy_runtime,
       detections_sha256 = EXCLUDED.detections_sha256, figures = EXCLUDED.figures,
       accuracy_identity = EXCLUDED.accuracy_identity, accuracy_alarm = EXCLUDED.accuracy_alarm
 WHERE o.accuracy IS NULL
RETURNING number;
