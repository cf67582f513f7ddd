-- The keys of workers whose token is valid.
--   $1 now
SELECT k.public_key, t.name
  FROM worker_key k JOIN token t ON t.id = k.token_id
 WHERE t.revoked_at IS NULL AND coalesce(t.expires_at > time_or_now($1::bigint), true);
