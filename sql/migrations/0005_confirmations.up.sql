-- 0005: accuracies beside mAP that a job asks about, accuracies on resamples of the images, and the
-- second measurement of the latencies on a job's fronts.  Latency comes before accuracy now, so a
-- trial may turn out infeasible after the first of the two.

ALTER TABLE trial_outcome DROP CONSTRAINT outcome_not_both;
ALTER TABLE trial_outcome ADD CONSTRAINT outcome_not_both CHECK (
  infeasible IS NULL OR median_ms IS NULL OR map_50_95 IS NULL);

ALTER TABLE trial_outcome
  ADD COLUMN figures               jsonb   CHECK (jsonb_typeof(figures) = 'object'),  -- by metric
  ADD COLUMN accuracy_draws        double precision[],
  ADD COLUMN expected_map          double precision,  -- of all images, where some were left out
  ADD COLUMN confirmed_median_ms   double precision,
  ADD COLUMN confirmed_low_ms      double precision,
  ADD COLUMN confirmed_high_ms     double precision,
  ADD COLUMN confirmed_samples_ms  double precision[],
  ADD COLUMN confirmed_suspect     text    CHECK (confirmed_suspect <> ''),
  ADD COLUMN confirmed_latency     json,
  ADD CONSTRAINT outcome_confirmed_whole CHECK (
    num_nulls(confirmed_median_ms, confirmed_low_ms, confirmed_high_ms, confirmed_samples_ms) IN (0, 4)),
  ADD CONSTRAINT outcome_confirmed_after_measured CHECK (
    confirmed_median_ms IS NULL OR median_ms IS NOT NULL);
