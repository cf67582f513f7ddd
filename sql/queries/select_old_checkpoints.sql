-- Blobs that were the newest checkpoint of a task once, and that nothing refers to any more.
--   $1 for so many seconds   $2 limit   $3 now
SELECT sha256 FROM old_checkpoint AS old
 WHERE replaced_at <= time_or_now($3::bigint) - $1::bigint * interval '1 second'
   AND NOT EXISTS (SELECT FROM task WHERE checkpoint = old.sha256)
   AND NOT EXISTS (SELECT FROM model WHERE sha256 = old.sha256)
   AND NOT EXISTS (SELECT FROM dataset WHERE sha256 = old.sha256)
   AND NOT EXISTS (SELECT FROM job WHERE statistics_sha256 = old.sha256)
   AND NOT EXISTS (SELECT FROM supernet WHERE sha256 = old.sha256)
   AND NOT EXISTS (SELECT FROM trial WHERE candidate_sha256 = old.sha256)
 ORDER BY replaced_at
 LIMIT $2::int;
