"""The sync client: made from pare/_async by python/make_sync.py."""
