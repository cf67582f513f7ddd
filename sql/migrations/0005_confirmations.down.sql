UPDATE trial_outcome
   SET median_ms = NULL, low_ms = NULL, high_ms = NULL, samples_ms = NULL, latency = NULL,
       suspect = NULL
 WHERE infeasible IS NOT NULL;
ALTER TABLE trial_outcome DROP CONSTRAINT outcome_not_both;
ALTER TABLE trial_outcome ADD CONSTRAINT outcome_not_both CHECK (
  infeasible IS NULL OR median_ms IS NULL);
ALTER TABLE trial_outcome
  DROP COLUMN figures, DROP COLUMN accuracy_draws, DROP COLUMN expected_map,
  DROP COLUMN confirmed_median_ms,
  DROP COLUMN confirmed_low_ms, DROP COLUMN confirmed_high_ms, DROP COLUMN confirmed_samples_ms,
  DROP COLUMN confirmed_suspect, DROP COLUMN confirmed_latency;
