ALTER TABLE task DROP COLUMN processor;
ALTER TABLE device DROP COLUMN processor;
ALTER TABLE trial_outcome DROP COLUMN accuracy_identity, DROP COLUMN accuracy_alarm;
