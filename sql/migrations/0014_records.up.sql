-- 0014: a measurement and an accuracy are kept as the documents that they travel as (ADR 28).
-- What SQL goes by is generated from them, so that nothing is written twice; what a document of
-- before lacks is put into it.  The samples are artifacts from now on: the arrays keep those of
-- before.

ALTER TABLE trial_outcome DISABLE TRIGGER outcome_is_revised;  -- nothing changes for who reads

CREATE FUNCTION pg_temp.measured(document json, median float8, low float8, high float8)
RETURNS json LANGUAGE sql AS $$
  SELECT (jsonb_build_object('median_ms', median, 'low_ms', low, 'high_ms', high, 'load_ms', 0,
                             'peak_memory_bytes', 0, 'evidence', '{}'::jsonb)
          || coalesce(document::jsonb, '{}'))::json
$$;
UPDATE trial_outcome SET latency = pg_temp.measured(latency, median_ms, low_ms, high_ms)
 WHERE median_ms IS NOT NULL
   AND (latency->>'median_ms' IS NULL OR latency->>'load_ms' IS NULL OR latency->'evidence' IS NULL);
UPDATE trial_outcome
   SET confirmed_latency = pg_temp.measured(confirmed_latency, confirmed_median_ms,
                                            confirmed_low_ms, confirmed_high_ms)
 WHERE confirmed_median_ms IS NOT NULL
   AND (confirmed_latency->>'median_ms' IS NULL OR confirmed_latency->>'load_ms' IS NULL
        OR confirmed_latency->'evidence' IS NULL);
UPDATE trial_outcome
   SET accuracy = (jsonb_build_object(
         'map_50_95', map_50_95, 'images', images, 'per_class', '{}'::jsonb,
         'labels', 'ground_truth', 'draws', coalesce(to_jsonb(accuracy_draws), '[]'),
         'expected', expected_map,
         'held_back', CASE WHEN held_back_map IS NOT NULL THEN jsonb_build_object(
           'map_50_95', held_back_map, 'images', held_back_images,
           'draws', coalesce(to_jsonb(held_back_draws), '[]')) END,
         'coco', (SELECT jsonb_object_agg(figure, -1) FROM unnest(ARRAY[
           'map_50_95', 'map_50', 'map_75', 'map_small', 'map_medium', 'map_large',
           'mar_1', 'mar_10', 'mar_100', 'mar_small', 'mar_medium', 'mar_large']) AS figure))
         || coalesce(accuracy::jsonb, '{}'))::json
 WHERE map_50_95 IS NOT NULL
   AND (accuracy->>'map_50_95' IS NULL OR accuracy->'coco' IS NULL
        OR accuracy->'per_class' IS NULL OR accuracy->>'labels' IS NULL);
DROP FUNCTION pg_temp.measured;

ALTER TABLE trial_outcome
  DROP COLUMN median_ms, DROP COLUMN low_ms, DROP COLUMN high_ms,
  DROP COLUMN confirmed_median_ms, DROP COLUMN confirmed_low_ms, DROP COLUMN confirmed_high_ms,
  DROP COLUMN map_50_95, DROP COLUMN images, DROP COLUMN accuracy_draws, DROP COLUMN expected_map,
  DROP COLUMN held_back_map, DROP COLUMN held_back_images, DROP COLUMN held_back_draws;
ALTER TABLE trial_outcome
  ADD COLUMN median_ms float8 GENERATED ALWAYS AS ((latency->>'median_ms')::float8) STORED,
  ADD COLUMN confirmed_median_ms float8
    GENERATED ALWAYS AS ((confirmed_latency->>'median_ms')::float8) STORED,
  ADD COLUMN map_50_95 float8 GENERATED ALWAYS AS ((accuracy->>'map_50_95')::float8) STORED,
  ADD CONSTRAINT outcome_latency_whole CHECK (num_nulls(latency, median_ms) IN (0, 2)),
  ADD CONSTRAINT outcome_confirmed_whole CHECK (
    num_nulls(confirmed_latency, confirmed_median_ms) IN (0, 2)),
  ADD CONSTRAINT outcome_accuracy_whole CHECK (
    num_nulls(accuracy, map_50_95, accuracy_runtime) IN (0, 3)),
  ADD CONSTRAINT outcome_confirmed_after_measured CHECK (
    confirmed_latency IS NULL OR latency IS NOT NULL),
  ADD CONSTRAINT outcome_not_both CHECK (
    infeasible IS NULL OR latency IS NULL OR accuracy IS NULL);

ALTER TABLE trial_outcome ENABLE TRIGGER outcome_is_revised;

-- What it holds since 0006: the kind, by which a check is used again.
ALTER TABLE job_check RENAME COLUMN cpu_model TO processor;
