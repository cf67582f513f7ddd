-- Remembers what a request with this idempotency key made.
--   $1 route   $2 key   $3 sha256 of the request   $4 id   $5 now
INSERT INTO idempotency_key (route, key, request_sha256, made_id, created_at)
VALUES ($1, $2, $3, $4::bigint, time_or_now($5::bigint));
