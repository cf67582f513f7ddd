DROP FUNCTION wait_before;

ALTER TYPE attempt_end RENAME TO attempt_end_after;
CREATE TYPE attempt_end AS ENUM ('reported', 'lost', 'cancelled');
ALTER TABLE task_attempt ALTER COLUMN ending TYPE attempt_end
  USING CASE ending WHEN 'given_back' THEN 'lost' ELSE ending::text END::attempt_end;
DROP TYPE attempt_end_after;

DROP INDEX task_that_waits;
ALTER TABLE task
  DROP CONSTRAINT task_attempt_counts, DROP CONSTRAINT task_burnt_in_range,
  DROP CONSTRAINT task_waits_with_reason, DROP CONSTRAINT task_waits_in_queue,
  DROP COLUMN burnt, DROP COLUMN waits, DROP COLUMN not_before, DROP COLUMN waiting_reason;
-- An older version counts attempts only to max_attempts.
UPDATE task SET max_attempts = attempt WHERE attempt > max_attempts;
ALTER TABLE task ADD CONSTRAINT task_attempt_in_range CHECK (attempt BETWEEN 0 AND max_attempts);
ALTER TABLE task_attempt ALTER COLUMN attempt TYPE smallint;
ALTER TABLE task ALTER COLUMN attempt TYPE smallint;
