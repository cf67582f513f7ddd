ALTER TABLE job DROP COLUMN preprocessing;
