-- What the latest heartbeats told, added to their hours. Who has noted a beat already
-- leaves it alone, so sweeps may run twice, or at once.
INSERT INTO equity_hours AS kept
    (bot_instance_id, hour_start, open, high, low, close, balance, told_at)
SELECT id, date_trunc('hour', last_heartbeat, 'UTC'), equity, equity, equity, equity,
    balance, last_heartbeat
FROM bot_instances
WHERE last_heartbeat > %(since)s AND equity IS NOT NULL AND balance IS NOT NULL
ORDER BY id
ON CONFLICT (bot_instance_id, hour_start) DO UPDATE SET
    high = greatest(kept.high, excluded.high),
    low = least(kept.low, excluded.low),
    close = excluded.close,
    balance = excluded.balance,
    told_at = excluded.told_at
WHERE kept.told_at < excluded.told_at
