-- What was measured of tuned plans is not known to an older version, which cannot read them.
UPDATE job SET state = 'failed', reason = 'the database was taken back to a version without tuned plans',
               finished_at = now()
 WHERE tuning IS NOT NULL AND NOT is_final(state);
ALTER TABLE job DROP COLUMN tuning;
DELETE FROM supernet WHERE plan_sha256 IS NOT NULL;
ALTER TABLE supernet DROP COLUMN plan_sha256;

ALTER TYPE trial_origin RENAME TO trial_origin_after;
CREATE TYPE trial_origin AS ENUM ('seed', 'search');
ALTER TABLE trial ALTER COLUMN origin TYPE trial_origin
  USING (CASE WHEN origin = 'tuned' THEN 'search' ELSE origin::text END)::trial_origin;
DROP TYPE trial_origin_after;
