-- The accuracies of a candidate in whatever job, on all images, one for each identity, the oldest.
--   $1 sha256 of the candidate
SELECT DISTINCT ON (o.accuracy_identity::text)
       o.accuracy_identity, o.accuracy, o.accuracy_runtime, o.detections_sha256, o.figures,
       o.accuracy_alarm
  FROM trial_outcome o
  JOIN trial USING (job_id, number)
 WHERE trial.candidate_sha256 = $1 AND o.accuracy_identity IS NOT NULL
   AND o.accuracy IS NOT NULL AND o.accuracy->>'expected' IS NULL
 ORDER BY o.accuracy_identity::text, o.job_id, o.number;
