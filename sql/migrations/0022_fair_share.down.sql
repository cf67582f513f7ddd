DROP INDEX task_waiting_of_job;
DROP TABLE share;
ALTER TABLE job DROP COLUMN priority;
