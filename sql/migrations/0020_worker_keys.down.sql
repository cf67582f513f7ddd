DROP TABLE worker_key;
DROP TABLE enrolment;
