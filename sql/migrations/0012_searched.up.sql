-- 0012: for how long a job has searched is counted while it does, not taken from two times of a clock.
--
-- A clock that steps, a machine that sleeps and a database that is away end no search.
--
-- Deploy: adds a column; what searches now keeps the time that it had.

ALTER TABLE job_progress ADD COLUMN searched_seconds double precision NOT NULL DEFAULT 0
  CHECK (searched_seconds >= 0);

UPDATE job_progress p
   SET searched_seconds = greatest(0, extract(epoch FROM coalesce(j.finished_at, now()) - j.searching_at))
  FROM job j
 WHERE j.id = p.job_id AND j.searching_at IS NOT NULL;
