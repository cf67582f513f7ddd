-- How long a blob is.
--   $1 sha256
SELECT bytes FROM blob WHERE sha256 = $1;
