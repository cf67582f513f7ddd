DROP TABLE task_attempt;
DROP TABLE task;
DROP TABLE worker;
DROP TABLE device;
DROP TYPE attempt_end;
DROP TYPE task_state;
DROP TYPE task_kind;
DROP EXTENSION btree_gist;
