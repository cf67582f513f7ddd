-- 0022: devices are shared out among users, and a user's jobs have an order.
--
-- Deploy: adds a column, a table and an index; nobody has spent anything yet.

-- Of an owner's jobs those with more come first.
ALTER TABLE job ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100);

-- What an owner's jobs have spent of devices lately: seconds, halved every day.
CREATE TABLE share (
  owner text PRIMARY KEY,
  spent double precision NOT NULL CHECK (spent >= 0),
  at timestamptz NOT NULL  -- when that was true
);

CREATE INDEX task_waiting_of_job ON task (job_id, exclusive, id) WHERE state = 'queued';
