ALTER TABLE job_progress DROP COLUMN searched_seconds;
