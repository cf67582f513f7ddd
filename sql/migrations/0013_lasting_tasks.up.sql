-- 0013: what is true of a kind of task stands in one table of the program (core/task_kind.h) and is
-- copied into each row, so that a new kind needs no migration; tasks that last are left to a worker
-- that is not heard of for a while.
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
