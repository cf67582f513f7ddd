-- Whoever hands out tasks on these devices does it one after the other.
--   $1 devices
SELECT id FROM device WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE;
