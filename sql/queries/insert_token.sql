-- Makes a token.  No row: a valid one has that name.
--   $1 name   $2 owner   $3 sha256   $4 scopes   $5 seconds that it is valid or null   $6 now
INSERT INTO token (name, owner, sha256, scopes, created_at, expires_at)
SELECT $1, $2, $3, ARRAY(SELECT json_array_elements_text($4::json)), time_or_now($6::bigint),
       time_or_now($6::bigint) + $5::float8 * interval '1 second'
 WHERE NOT EXISTS (SELECT FROM token WHERE name = $1 AND revoked_at IS NULL)
RETURNING id;
