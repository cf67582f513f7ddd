-- Answers if the database does.
SELECT 1;
