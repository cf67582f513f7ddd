-- 0008: an attempt is a fence and no more; what a candidate burns is counted apart, and a task that
-- waits for better times says until when and why.
--
-- Deploy: rewrites the tables of tasks and attempts once (a smallint grows).

ALTER TABLE task DROP CONSTRAINT task_attempt_in_range;
ALTER TABLE task ALTER COLUMN attempt TYPE int;
ALTER TABLE task_attempt ALTER COLUMN attempt TYPE int;

-- How many attempts the candidate burnt, and how often in a row the task waited through no fault of
-- its own (core/blame.h).
ALTER TABLE task
  ADD COLUMN burnt smallint NOT NULL DEFAULT 0,
  ADD COLUMN waits int NOT NULL DEFAULT 0,
  ADD COLUMN not_before timestamptz,
  ADD COLUMN waiting_reason text CHECK (waiting_reason <> '');
ALTER TABLE task
  ADD CONSTRAINT task_attempt_counts CHECK (attempt >= 0 AND waits >= 0),
  ADD CONSTRAINT task_burnt_in_range CHECK (burnt BETWEEN 0 AND max_attempts),
  ADD CONSTRAINT task_waits_with_reason CHECK ((not_before IS NULL) = (waiting_reason IS NULL)),
  ADD CONSTRAINT task_waits_in_queue CHECK (not_before IS NULL OR state = 'queued');
CREATE INDEX task_that_waits ON task (job_id, id) WHERE not_before IS NOT NULL;

-- A value added to a type cannot be used in the same transaction; those of a new type can.
ALTER TYPE attempt_end RENAME TO attempt_end_before;
CREATE TYPE attempt_end AS ENUM ('reported', 'lost', 'cancelled', 'given_back');
ALTER TABLE task_attempt ALTER COLUMN ending TYPE attempt_end USING ending::text::attempt_end;
DROP TYPE attempt_end_before;

-- How long a task waits after its nth wait in a row, as core/blame.h has it.
CREATE FUNCTION wait_before(nth int) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT least(60, 2 * 2 ^ least(greatest(nth - 1, 0), 5)) * interval '1 second'
$$;
