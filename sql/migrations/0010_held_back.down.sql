ALTER TABLE trial_outcome
  DROP CONSTRAINT outcome_held_back_beside_accuracy,
  DROP CONSTRAINT outcome_held_back_whole,
  DROP COLUMN held_back_map, DROP COLUMN held_back_images, DROP COLUMN held_back_draws;
