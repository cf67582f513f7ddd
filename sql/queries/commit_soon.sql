-- This transaction may be lost if the database crashes, and does not wait for the disk.
SELECT set_config('synchronous_commit', 'off', true);
