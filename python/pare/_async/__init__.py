"""The client, as it is written: async.  pare/_sync is made from this folder by python/make_sync.py."""
