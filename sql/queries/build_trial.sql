-- Keeps what `build` made.  No row: it was kept before, or there is no such trial.
--   $1 job   $2 number   $3 candidate sha256   $4 bytes   $5 macs   $6 result
UPDATE trial SET candidate_sha256 = $3, bytes = $4::bigint, macs = $5::bigint, build = $6::json
 WHERE job_id = $1::bigint AND number = $2::int AND candidate_sha256 IS NULL
RETURNING number;
