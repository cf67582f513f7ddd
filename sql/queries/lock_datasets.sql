-- One registration at a time, so that the same one twice finds itself.
LOCK TABLE dataset IN SHARE ROW EXCLUSIVE MODE;
