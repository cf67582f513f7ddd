-- Makes requests with the same idempotency key wait for each other.
--   $1 route   $2 key
SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0));
