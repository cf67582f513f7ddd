-- The accuracies of a candidate in whatever job, on all images, one for each identity, the oldest.
--   $1 sha256 of the candidate
SELECT DISTINCT ON (o.accuracy_identity::text)
       o.accuracy_identity, o.accuracy, o.map_50_95, o.images, o.accuracy_runtime,
       o.detections_sha256, o.figures, to_json(o.accuracy_draws) AS accuracy_draws, o.expected_map,
       o.accuracy_alarm, o.held_back_map, o.held_back_images,
       to_json(o.held_back_draws) AS held_back_draws
  FROM trial_outcome o
  JOIN trial USING (job_id, number)
 WHERE trial.candidate_sha256 = $1 AND o.accuracy_identity IS NOT NULL
   AND o.map_50_95 IS NOT NULL AND o.expected_map IS NULL
 ORDER BY o.accuracy_identity::text, o.job_id, o.number;
