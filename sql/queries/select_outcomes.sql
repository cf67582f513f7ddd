-- What is known of the trials of a job on its targets, without the bulk.
--   $1 job   $2 numbers
SELECT number, target, map_50_95, images, accuracy_runtime, detections_sha256, figures, median_ms,
       low_ms, high_ms, cardinality(samples_ms) AS samples, suspect, infeasible,
       latency->>'peak_memory_bytes' AS peak_memory, latency->'layers_ms' AS layers_ms,
       latency->'evidence'->>'processor' AS processor, accuracy_alarm,
       CASE WHEN map_50_95 IS NULL THEN latency->'fingerprint' END AS fingerprint,
       confirmed_latency->>'peak_memory_bytes' AS confirmed_peak_memory,
       to_json(accuracy_draws) AS accuracy_draws, expected_map, confirmed_median_ms, confirmed_low_ms,
       confirmed_high_ms, cardinality(confirmed_samples_ms) AS confirmed_samples, confirmed_suspect,
       held_back_map, held_back_images, to_json(held_back_draws) AS held_back_draws
  FROM trial_outcome
 WHERE job_id = $1::bigint AND number = ANY ($2::int[]);
