-- 0010: what an accuracy is on validation images that the search does not go by.

ALTER TABLE trial_outcome
  ADD COLUMN held_back_map     double precision,
  ADD COLUMN held_back_images  integer,
  ADD COLUMN held_back_draws   double precision[],
  ADD CONSTRAINT outcome_held_back_whole CHECK (num_nulls(held_back_map, held_back_images) IN (0, 2)),
  ADD CONSTRAINT outcome_held_back_beside_accuracy CHECK (
    held_back_map IS NULL OR map_50_95 IS NOT NULL);
