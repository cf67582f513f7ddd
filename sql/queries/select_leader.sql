-- Who leads, or led last.
SELECT term, holder, micros(until) AS until FROM leader;
