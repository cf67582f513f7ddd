-- Devices on which something that steps aside is under way.
SELECT DISTINCT device_id FROM task WHERE state = 'leased' AND preemptible;
