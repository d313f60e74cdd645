#!lua flags=no-writes
-- One of a client's pictures, and the present time; without the picture if this client has no such one.
return {now_ms(), asset_view(ARGV[1], ARGV[2])}
