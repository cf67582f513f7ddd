-- 0006: what an accuracy belongs to, and tasks for one kind of processor only.
--
-- Deploy: quick; device is rewritten once, and holds a row for each machine.

-- All that an accuracy was made by (core/accuracy_identity.h); null: made before anybody wrote it
-- down, and never used for another trial.
ALTER TABLE trial_outcome
  ADD COLUMN accuracy_identity  json,
  ADD COLUMN accuracy_alarm     text  CHECK (accuracy_alarm <> '');  -- why it may not hold there

ALTER TABLE device ADD COLUMN processor text
  GENERATED ALWAYS AS (coalesce(probe->>'processor', probe->>'cpu_model')) STORED;
ALTER TABLE task ADD COLUMN processor text;  -- only devices of this kind; null: any
