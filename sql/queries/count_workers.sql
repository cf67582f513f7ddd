-- How many workers are not lost.
SELECT count(*) FROM worker WHERE NOT lost;
