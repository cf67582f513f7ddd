-- Lets one worker join, once.
--   $1 SHA-256 of the code   $2 name   $3 made by   $4 seconds that it is valid   $5 now
INSERT INTO enrolment (code_sha256, name, made_by, created_at, expires_at)
VALUES ($1, $2, $3, time_or_now($5::bigint), time_or_now($5::bigint) + $4::float8 * interval '1 second')
RETURNING micros(expires_at) AS expires_at;
