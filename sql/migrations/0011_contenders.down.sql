DROP TABLE job_contenders;
