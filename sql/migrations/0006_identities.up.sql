-- 0006: what an accuracy belongs to, tasks for one kind of processor only, cards with versions, and
-- what is to be said of a dataset or a job.
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

-- The card of a model that results were made with, when another one took its place.
CREATE TABLE model_card (
  sha256      sha256  NOT NULL REFERENCES model (sha256) ON DELETE CASCADE,
  version     int     NOT NULL CHECK (version > 0),
  card        json,
  summary     json    NOT NULL,

  PRIMARY KEY (sha256, version)
);
ALTER TABLE model ADD COLUMN card_version int NOT NULL DEFAULT 1 CHECK (card_version > 0);
ALTER TABLE job
  ADD COLUMN card_version  int     NOT NULL DEFAULT 1,
  ADD COLUMN warnings      text[]  NOT NULL DEFAULT '{}';  -- what it goes on in spite of

ALTER TABLE dataset
  ADD COLUMN class_boxes  bigint[]  NOT NULL DEFAULT '{}',  -- of each class; empty: not known
  ADD COLUMN notes        text[]    NOT NULL DEFAULT '{}';
