"""What people do with the record, one file a noun: each act is one change, wholly done or not."""
