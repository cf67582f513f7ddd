DROP TRIGGER checkpoint_replaced ON task;
DROP FUNCTION note_old_checkpoint();
DROP INDEX task_with_checkpoint;
DROP TABLE old_checkpoint;

-- Jobs that search with a super-network have candidates that an older version cannot build: they end here.
UPDATE job SET state = 'failed', reason = 'the database was taken back to a version without super-networks',
               finished_at = now()
 WHERE supernet_sha256 IS NOT NULL AND NOT is_final(state);
ALTER TABLE job DROP COLUMN supernet_sha256;
DROP TABLE supernet;
DELETE FROM task WHERE kind = 'train';
ALTER TABLE task DROP CONSTRAINT task_capability_has_name, DROP COLUMN capability;
ALTER TABLE worker DROP COLUMN capabilities;
