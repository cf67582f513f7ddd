-- Has a rejected dataset inspected again.
--   $1 sha256
UPDATE dataset SET state = 'inspecting', reason = '' WHERE sha256 = $1;
