-- Workers of one device claim one after the other.  No row: the session is unknown, or was lost.
--   $1 session
SELECT device.id FROM worker JOIN device ON device.id = worker.device_id
 WHERE session = $1::uuid AND NOT lost
   FOR UPDATE OF device;
