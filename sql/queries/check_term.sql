-- No row: another coordinator leads.  Nobody takes the lead until this transaction ends.
--   $1 term
SELECT term FROM leader WHERE term = $1::bigint FOR SHARE;
