-- What is known of the trials of a job on its targets.
--   $1 job   $2 numbers
SELECT number, target, infeasible, accuracy, accuracy_runtime, detections_sha256, figures,
       accuracy_alarm, latency, cardinality(samples_ms) AS samples, suspect, confirmed_latency,
       cardinality(confirmed_samples_ms) AS confirmed_samples, confirmed_suspect
  FROM trial_outcome
 WHERE job_id = $1::bigint AND number = ANY ($2::int[]);
