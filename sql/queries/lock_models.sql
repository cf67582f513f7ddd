-- One registration at a time, so that the same one twice finds itself.
LOCK TABLE model IN SHARE ROW EXCLUSIVE MODE;
