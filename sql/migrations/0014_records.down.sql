-- Samples that are artifacts stay where they are: in the row the median stands for them.

ALTER TABLE trial_outcome DISABLE TRIGGER outcome_is_revised;

ALTER TABLE trial_outcome
  DROP CONSTRAINT outcome_latency_whole, DROP CONSTRAINT outcome_confirmed_whole,
  DROP CONSTRAINT outcome_accuracy_whole, DROP CONSTRAINT outcome_confirmed_after_measured,
  DROP CONSTRAINT outcome_not_both,
  DROP COLUMN median_ms, DROP COLUMN confirmed_median_ms, DROP COLUMN map_50_95;
ALTER TABLE trial_outcome
  ADD COLUMN median_ms            double precision,
  ADD COLUMN low_ms               double precision,
  ADD COLUMN high_ms              double precision,
  ADD COLUMN confirmed_median_ms  double precision,
  ADD COLUMN confirmed_low_ms     double precision,
  ADD COLUMN confirmed_high_ms    double precision,
  ADD COLUMN map_50_95            double precision,
  ADD COLUMN images               integer,
  ADD COLUMN accuracy_draws       double precision[],
  ADD COLUMN expected_map         double precision,
  ADD COLUMN held_back_map        double precision,
  ADD COLUMN held_back_images     integer,
  ADD COLUMN held_back_draws      double precision[];

CREATE FUNCTION pg_temp.numbers(document json) RETURNS float8[] LANGUAGE sql AS $$
  SELECT CASE WHEN json_typeof(document) = 'array' AND json_array_length(document) > 0 THEN
    ARRAY(SELECT json_array_elements_text(document)::float8) END
$$;
UPDATE trial_outcome
   SET median_ms = (latency->>'median_ms')::float8, low_ms = (latency->>'low_ms')::float8,
       high_ms = (latency->>'high_ms')::float8,
       samples_ms = coalesce(samples_ms, ARRAY[(latency->>'median_ms')::float8])
 WHERE latency IS NOT NULL;
UPDATE trial_outcome
   SET confirmed_median_ms = (confirmed_latency->>'median_ms')::float8,
       confirmed_low_ms = (confirmed_latency->>'low_ms')::float8,
       confirmed_high_ms = (confirmed_latency->>'high_ms')::float8,
       confirmed_samples_ms = coalesce(confirmed_samples_ms,
                                       ARRAY[(confirmed_latency->>'median_ms')::float8])
 WHERE confirmed_latency IS NOT NULL;
UPDATE trial_outcome
   SET map_50_95 = (accuracy->>'map_50_95')::float8, images = (accuracy->>'images')::int,
       accuracy_draws = pg_temp.numbers(accuracy->'draws'),
       expected_map = (accuracy->>'expected')::float8
 WHERE accuracy IS NOT NULL;
UPDATE trial_outcome
   SET held_back_map = (accuracy->'held_back'->>'map_50_95')::float8,
       held_back_images = (accuracy->'held_back'->>'images')::int,
       held_back_draws = pg_temp.numbers(accuracy->'held_back'->'draws')
 WHERE (accuracy->'held_back'->>'map_50_95')::float8 >= 0;
DROP FUNCTION pg_temp.numbers;

ALTER TABLE trial_outcome
  ADD CONSTRAINT outcome_accuracy_whole CHECK (
    num_nulls(map_50_95, images, accuracy_runtime) IN (0, 3)),
  ADD CONSTRAINT outcome_latency_whole CHECK (
    num_nulls(median_ms, low_ms, high_ms, samples_ms) IN (0, 4)),
  ADD CONSTRAINT outcome_confirmed_whole CHECK (
    num_nulls(confirmed_median_ms, confirmed_low_ms, confirmed_high_ms, confirmed_samples_ms)
    IN (0, 4)),
  ADD CONSTRAINT outcome_confirmed_after_measured CHECK (
    confirmed_median_ms IS NULL OR median_ms IS NOT NULL),
  ADD CONSTRAINT outcome_not_both CHECK (
    infeasible IS NULL OR median_ms IS NULL OR map_50_95 IS NULL),
  ADD CONSTRAINT outcome_held_back_whole CHECK (num_nulls(held_back_map, held_back_images) IN (0, 2)),
  ADD CONSTRAINT outcome_held_back_beside_accuracy CHECK (
    held_back_map IS NULL OR map_50_95 IS NOT NULL);

ALTER TABLE trial_outcome ENABLE TRIGGER outcome_is_revised;

ALTER TABLE job_check RENAME COLUMN processor TO cpu_model;
