-- Uses a code.  No row: there is none, it was used, or it is too old.
--   $1 SHA-256 of the code   $2 now
UPDATE enrolment SET used_at = time_or_now($2::bigint)
 WHERE code_sha256 = $1 AND used_at IS NULL AND expires_at > time_or_now($2::bigint)
RETURNING name, made_by;
