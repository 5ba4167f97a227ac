-- Each writer steps the version on from what it read, so a peak that began anew meanwhile,
-- or that another sweep wrote, is left as it is.
INSERT INTO guard_peaks (
    bot_instance_id, peak, balance, closed_since, closed_net, doubted_at, version
)
SELECT * FROM unnest(
    %(bot_instance_id)s::uuid[], %(peak)s::numeric[], %(balance)s::numeric[],
    %(closed_since)s::timestamptz[], %(closed_net)s::numeric[],
    %(doubted_at)s::timestamptz[], %(version)s::integer[]
) AS told (bot_instance_id)
WHERE EXISTS (SELECT FROM bot_instances b WHERE b.id = told.bot_instance_id)
ORDER BY bot_instance_id
ON CONFLICT (bot_instance_id) DO UPDATE SET
    peak = EXCLUDED.peak,
    balance = EXCLUDED.balance,
    closed_since = EXCLUDED.closed_since,
    closed_net = EXCLUDED.closed_net,
    doubted_at = EXCLUDED.doubted_at,
    version = EXCLUDED.version
WHERE guard_peaks.version = EXCLUDED.version - 1
