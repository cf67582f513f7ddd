-- Has a model inspected again, with another card.
--   $1 sha256   $2 card or null
UPDATE model SET state = 'inspecting', reason = '', card = $2::json, summary = NULL
 WHERE sha256 = $1;
