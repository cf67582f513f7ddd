-- How many tasks wait and are leased, by kind, and how many jobs there are in each state (kind is null).
SELECT kind, state::text AS state, count(*) AS count FROM task WHERE state = 'queued' GROUP BY kind, state
UNION ALL
SELECT kind, state::text, count(*) FROM task WHERE state = 'leased' GROUP BY kind, state
UNION ALL
SELECT NULL, state::text, count(*) FROM job GROUP BY state;
