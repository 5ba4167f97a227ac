-- Lines of the last hour by their id without its time, newest partitions only. A worker
-- whose clock goes ahead may have stored one after our now.
SELECT DISTINCT right(id::text, 22)
FROM bot_logs
WHERE bot_instance_id = %(bot_instance_id)s
AND created_at > %(since)s
AND right(id::text, 22) = ANY (%(tails)s)
