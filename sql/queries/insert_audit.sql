-- Writes down what was asked, by whom, and what came of it.
--   $1 seconds ago   $2 token or null   $3 owner   $4 method   $5 path   $6 status   $7 times   $8 now
INSERT INTO audit (at, token_id, owner, method, path, status, times)
VALUES (time_or_now($8::bigint) - $1::float8 * interval '1 second', $2::bigint, $3, $4, $5, $6::int, $7::int)
RETURNING id;
