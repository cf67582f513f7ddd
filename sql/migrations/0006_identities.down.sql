ALTER TABLE dataset DROP COLUMN class_boxes, DROP COLUMN notes;
ALTER TABLE job DROP COLUMN card_version, DROP COLUMN warnings;
ALTER TABLE model DROP COLUMN card_version;
DROP TABLE model_card;
ALTER TABLE task DROP COLUMN processor;
ALTER TABLE device DROP COLUMN processor;
ALTER TABLE trial_outcome DROP COLUMN accuracy_identity, DROP COLUMN accuracy_alarm;
