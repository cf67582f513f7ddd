-- 0009: what people read of a job is kept up to date by what changes, never counted anew.
--
-- The triggers see to it whoever writes: a statement that records something of a trial cannot forget
-- that readers must hear of it.
--
-- Deploy: replaces one index, adds the rest; reads every trial once.

CREATE TABLE job_progress (
  job_id          bigint            PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
  asked           int               NOT NULL DEFAULT 0,
  finished        int               NOT NULL DEFAULT 0,
  failed          int               NOT NULL DEFAULT 0,
  device_seconds  double precision  NOT NULL DEFAULT 0,  -- of tasks whose end was handled
  revision        bigint            NOT NULL DEFAULT 0,  -- the newest one of its outcomes

  CONSTRAINT progress_counts CHECK (finished >= 0 AND failed >= 0 AND finished + failed <= asked)
) WITH (fillfactor = 50);

INSERT INTO job_progress (job_id, asked, finished, failed, device_seconds)
SELECT id,
       (SELECT count(*) FROM trial WHERE job_id = job.id),
       (SELECT count(*) FROM trial WHERE job_id = job.id AND state = 'finished'),
       (SELECT count(*) FROM trial WHERE job_id = job.id AND state = 'failed'),
       (SELECT coalesce(sum(extract(epoch FROM finished_at - leased_at)), 0)::float8 FROM task
         WHERE job_id = job.id AND handled AND finished_at IS NOT NULL AND leased_at IS NOT NULL)
  FROM job;

-- Rises with every change of an outcome within its job.  Whoever changes one holds the job's lock, so
-- revisions become visible in their order: a reader that has seen one has seen all before it.
ALTER TABLE trial_outcome ADD COLUMN revision bigint NOT NULL DEFAULT 0;
CREATE INDEX outcome_changed ON trial_outcome (job_id, revision);

-- The newest readings are asked for, and nothing else.
CREATE INDEX canary_newest ON canary_reading (job_id, target, id);
DROP INDEX canary_of_job;

CREATE FUNCTION begin_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job_progress (job_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER job_has_progress AFTER INSERT ON job
  FOR EACH ROW EXECUTE FUNCTION begin_progress();

CREATE FUNCTION count_added_trials() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE job_progress p
     SET asked = p.asked + a.asked, finished = p.finished + a.finished, failed = p.failed + a.failed
    FROM (SELECT job_id, count(*) AS asked, count(*) FILTER (WHERE state = 'finished') AS finished,
                 count(*) FILTER (WHERE state = 'failed') AS failed
            FROM added GROUP BY job_id) a
   WHERE p.job_id = a.job_id;
  RETURN NULL;
END $$;
CREATE TRIGGER trial_added AFTER INSERT ON trial REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_added_trials();

CREATE FUNCTION count_moved_trials() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE job_progress p
     SET finished = p.finished + m.finished, failed = p.failed + m.failed
    FROM (SELECT job_id, sum(finished) AS finished, sum(failed) AS failed
            FROM (SELECT job_id, (state = 'finished')::int AS finished, (state = 'failed')::int AS failed
                    FROM moved
                  UNION ALL
                  SELECT job_id, -(state = 'finished')::int, -(state = 'failed')::int FROM before) each
           GROUP BY job_id
          HAVING sum(finished) <> 0 OR sum(failed) <> 0) m
   WHERE p.job_id = m.job_id;
  RETURN NULL;
END $$;
CREATE TRIGGER trial_moved AFTER UPDATE ON trial REFERENCING OLD TABLE AS before NEW TABLE AS moved
  FOR EACH STATEMENT EXECUTE FUNCTION count_moved_trials();

CREATE FUNCTION next_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE job_progress SET revision = revision + 1 WHERE job_id = NEW.job_id
    RETURNING revision INTO STRICT NEW.revision;
  RETURN NEW;
END $$;
CREATE TRIGGER outcome_is_revised BEFORE INSERT OR UPDATE ON trial_outcome
  FOR EACH ROW EXECUTE FUNCTION next_revision();
