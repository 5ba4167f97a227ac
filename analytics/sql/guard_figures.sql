-- What each bot's running day amounts to. OFFSET 0 keeps each bot one run of its index.
SELECT looked.bot_instance_id, closed.of_day, closed.since_peak, opened.trades
FROM unnest(
    %(bots)s::uuid[], %(day_start)s::timestamptz[], %(day_end)s::timestamptz[],
    %(peak_since)s::timestamptz[], %(opened_from)s::timestamptz[]
) AS looked (bot_instance_id, day_start, day_end, peak_since, opened_from)
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(net) FILTER (WHERE closed_at >= looked.day_start), 0) AS of_day,
        coalesce(sum(net) FILTER (WHERE closed_at >= looked.peak_since), 0) AS since_peak
    FROM (
        SELECT t.closed_at, t.profit + t.commission + t.swap AS net
        FROM trades t
        WHERE t.bot_instance_id = looked.bot_instance_id
        AND t.closed_at >= least(looked.day_start, looked.peak_since)
        AND t.closed_at < looked.day_end
        -- Bounds on the partition key: the earliest of all leaves partitions out of the
        -- plan, that of each bot out of its reading.
        AND t.opened_at >= %(earliest)s
        AND t.opened_at < %(latest)s
        AND t.opened_at >= looked.opened_from
        AND t.opened_at < looked.day_end
        AND t.status = 'closed'
        OFFSET 0
    ) nets
) closed
CROSS JOIN LATERAL (
    SELECT count(*) AS trades
    FROM trade_tickets k
    CROSS JOIN LATERAL (
        SELECT FROM trades t
        WHERE t.id = k.trade_id
        AND t.opened_at BETWEEN k.opened_at - interval '1 hour' AND k.opened_at
        AND t.opened_at >= %(opened_since)s
        AND t.opened_at < %(latest)s
        AND t.status <> 'cancelled'
        LIMIT 1
    ) t
    WHERE k.bot_instance_id = looked.bot_instance_id
    AND k.opened_at >= looked.day_start
    AND k.opened_at < looked.day_end
) opened
