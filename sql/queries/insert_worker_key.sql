-- Keeps the key of a worker.  No row: it is known already.
--   $1 public key   $2 token
INSERT INTO worker_key (public_key, token_id) VALUES ($1, $2::bigint)
ON CONFLICT (public_key) DO NOTHING
RETURNING public_key;
