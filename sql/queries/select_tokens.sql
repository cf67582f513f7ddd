-- Tokens in the order they were made; those that were revoked, too, if asked for.
--   $1 id or null   $2 revoked, too
SELECT id, name, owner, sha256, to_json(scopes) AS scopes, micros(created_at) AS created_at,
       micros(expires_at) AS expires_at, micros(revoked_at) AS revoked_at, micros(used_at) AS used_at
  FROM token
 WHERE ($1::bigint IS NULL OR id = $1) AND ($2::boolean OR revoked_at IS NULL)
 ORDER BY id;
