-- Jobs that go on with one that was added cannot name it in an older version: they end here.
UPDATE job SET state = 'failed', reason = 'the database was taken back to a version without super-networks from files',
               finished_at = now()
 WHERE supernet_sha256 IN (SELECT sha256 FROM supernet WHERE job_id IS NULL) AND NOT is_final(state);
DELETE FROM supernet WHERE job_id IS NULL;
ALTER TABLE supernet ALTER COLUMN job_id SET NOT NULL, ALTER COLUMN dataset_sha256 SET NOT NULL;
