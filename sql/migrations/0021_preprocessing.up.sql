-- 0021: a job whose dataset has labels says which way of preparing images fits its model best.
--
-- Deploy: adds a column; jobs that search already have no such finding.

-- wire/preprocessing_json.h; null: not tried yet, or nothing to hold it against.
ALTER TABLE job ADD COLUMN preprocessing json;
