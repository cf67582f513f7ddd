-- 0017: a super-network may be added as a file, which no job of this service had trained.
--
-- Deploy: takes two constraints away; what is there keeps its meaning.

ALTER TABLE supernet
  ALTER COLUMN job_id DROP NOT NULL,          -- null: it was added
  ALTER COLUMN dataset_sha256 DROP NOT NULL;  -- null: nobody here knows its images
