-- 0011: which trials a job's fronts depend on, so that nobody reads all of them to show them again.
--
-- A hint: it is written after all were read, and is worth nothing once an outcome has changed or the
-- rule that chose them has.
--
-- Deploy: adds a table, changes nothing that is there.

CREATE TABLE job_contenders (
  job_id    bigint  PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
  numbers   int[]   NOT NULL,
  revision  bigint  NOT NULL,  -- of the job, up to which every outcome was considered
  rule      int     NOT NULL   -- the version of the rule that chose them
);
