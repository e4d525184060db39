-- Requests from a file, one after the other; the count goes on over the end of the file, so that it can be seen.
-- Each line: method, path, body, with tabs between; tabs and newlines stand in none of them.
local requests, sent = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match("([^\t]*)\t([^\t]*)\t(.*)")
    local headers = { ["Accept-Encoding"] = "gzip, br" }
    if body ~= "" then headers["Content-Type"] = "application/json" else body = nil end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.status + summary.errors.timeout
  io.write(string.format(
    '\nFIGURES {"answers": %d, "seconds": %f, "bytes": %d, "failed": %d, "p50_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, failed,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
