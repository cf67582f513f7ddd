-- 0018: members of a job's fronts are trained alone when its search is over, and measured as trials of it.
--
-- Deploy: adds columns and a value of trial_origin; what is there keeps its meaning.

-- How far the tuning is (wire/tuning_json.h); null: its members are not chosen yet, or the job wants none.
ALTER TABLE job ADD COLUMN tuning json;

-- The only plan that the weights are for; null: a super-network, for all of them.
ALTER TABLE supernet ADD COLUMN plan_sha256 sha256;

ALTER TYPE trial_origin ADD VALUE 'tuned';
