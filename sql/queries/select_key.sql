-- What a request with this idempotency key made.
--   $1 route   $2 key
SELECT request_sha256, made_id FROM idempotency_key WHERE route = $1 AND key = $2;
