-- SPDX-License-Identifier: GPL-2.0-only
-- Counts answers by status: those that a server that is pressed may give, and all others.
local threads = {}

function setup(thread)
	table.insert(threads, thread)
end

function init(args)
	ok, refused, others = 0, 0, 0
end

function response(status, headers, body)
	if status == 200 then
		ok = ok + 1
	elseif status == 429 then
		refused = refused + 1
	else
		others = others + 1
	end
end

function done(summary, latency, requests)
	local sum = { ok = 0, refused = 0, others = 0 }
	for _, thread in ipairs(threads) do
		for name in pairs(sum) do
			sum[name] = sum[name] + thread:get(name)
		end
	end
	io.write(string.format("p99: %.2f ms\n", latency:percentile(99) / 1000))
	io.write(string.format("answers: 200 %d, 429 %d, others %d\n", sum.ok, sum.refused, sum.others))
end
