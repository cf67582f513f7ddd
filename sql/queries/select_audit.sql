-- A page of what was written down, the oldest first.
--   $1 after this id   $2 limit
SELECT a.id, micros(a.at) AS at, t.name AS token, a.owner, a.method, a.path, a.status, a.times
  FROM audit a LEFT JOIN token t ON t.id = a.token_id
 WHERE a.id > $1::bigint
 ORDER BY a.id
 LIMIT $2::int;
