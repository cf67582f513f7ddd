-- 0013: what is true of a kind of task stands in one table of the program (core/task_kind.h) and is
-- copied into each row, so that a new kind needs no migration; tasks that last are left to a worker
-- that is not heard of for a while, keep checkpoints, step aside for measurements, and tell series.
--
-- Deploy: rewrites the table of tasks once.  Tasks that are queued or leased keep what was true of them.

ALTER TABLE task ALTER COLUMN exclusive DROP EXPRESSION;
ALTER TABLE task ALTER COLUMN kind TYPE text USING kind::text;
DROP TYPE task_kind;
ALTER TABLE task
  ADD COLUMN preemptible boolean NOT NULL DEFAULT false,
  ADD COLUMN grace_ms double precision NOT NULL DEFAULT 0,
  ADD CONSTRAINT task_kind_has_name CHECK (kind <> ''),
  ADD CONSTRAINT task_grace_in_range CHECK (grace_ms >= 0),
  ADD CONSTRAINT task_steps_aside_or_alone CHECK (NOT (exclusive AND preemptible));

-- What another attempt goes on from: the newest that was told, until the task ends.
ALTER TABLE task
  ADD COLUMN checkpoint sha256,
  ADD COLUMN checkpoint_bytes bigint,
  ADD COLUMN checkpoint_step bigint,
  ADD COLUMN checkpoint_attempt int,
  ADD CONSTRAINT task_checkpoint_is_whole CHECK (
    num_nulls(checkpoint, checkpoint_bytes, checkpoint_step, checkpoint_attempt) IN (0, 4)),
  ADD CONSTRAINT task_final_has_no_checkpoint CHECK (
    checkpoint IS NULL OR state IN ('queued', 'leased'));

-- Whether it is to stand still (odd) or to go on (even), counted up within an attempt, and whether it
-- was heard that it stands still: then its device is free for others.  Since when it does, and how long
-- it did before in this attempt: that is no time of its device's.
ALTER TABLE task
  ADD COLUMN suspension int NOT NULL DEFAULT 0,
  ADD COLUMN suspended boolean NOT NULL DEFAULT false,
  ADD COLUMN stands_since timestamptz,
  ADD COLUMN stood_ms double precision NOT NULL DEFAULT 0,
  ADD CONSTRAINT task_suspended_while_leased CHECK (
    NOT suspended OR state = 'leased' AND preemptible AND suspension % 2 = 1);
ALTER TABLE task DROP CONSTRAINT task_exclusive_or_shared;
ALTER TABLE task ADD CONSTRAINT task_exclusive_or_shared
  EXCLUDE USING gist (device_id WITH =, (exclusive::int) WITH <>)
  WHERE (state = 'leased' AND NOT suspended);

-- Named numbers of a task's steps, for people to look at; thinned out, never many.
CREATE TABLE task_point (
  task_id  bigint       NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  attempt  int          NOT NULL CHECK (attempt > 0),
  step     bigint       NOT NULL CHECK (step >= 0),
  at       timestamptz  NOT NULL,
  numbers  json         NOT NULL,

  PRIMARY KEY (task_id, attempt, step)
);
