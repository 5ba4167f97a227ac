-- One row per report, of tickets that are held. The rules of ingestion: an open trade
-- follows its latest report; symbol, type, open price and opened_at keep the first; a
-- closed or cancelled trade keeps its figures, only what is missing is filled. LIMIT 1 of a
-- unique key: a probe for each report, however many rows the planner expects. The months
-- leave all others out of the plan, the hour leaves them out of each probe; no equality,
-- or the index of opened_at would be taken, where many trades may have the same.
-- A report that changed what has ended is remembered, so that nothing looks at the trade
-- when it comes again; that of a new ticket came with the claim.
WITH written AS (
INSERT INTO trades AS t (
    id, bot_instance_id, ticket_number, opened_at, symbol, trade_type, lot_size, open_price,
    close_price, stop_loss, take_profit, commission, swap, profit, profit_percentage, status,
    strategy_used, closed_at, duration_seconds, magic_number, comment, continued_from,
    created_at, updated_at
)
SELECT
    k.trade_id, k.bot_instance_id, k.ticket_number, k.opened_at, r.symbol, r.trade_type,
    r.lot_size, r.open_price, r.close_price,
    -- What a report does not tell stays as it is; 0 is MetaTrader's word for no stop.
    nullif(coalesce(r.stop_loss, stored.stop_loss), 0),
    nullif(coalesce(r.take_profit, stored.take_profit), 0),
    coalesce(r.commission, stored.commission, 0), coalesce(r.swap, stored.swap, 0),
    coalesce(r.profit, stored.profit),
    coalesce(r.profit_percentage, stored.profit_percentage), r.status,
    coalesce(r.strategy_used, stored.strategy_used),
    -- A broker's clock that moved between two reports moves the close with the open.
    CASE WHEN r.closed_at < k.opened_at
        THEN r.closed_at + (k.opened_at - r.opened_at) ELSE r.closed_at END,
    extract(epoch FROM r.closed_at - r.opened_at)::integer,
    coalesce(r.magic_number, stored.magic_number),
    coalesce(nullif(r.comment, ''), stored.comment, ''),
    coalesce(stored.continued_from, r.continued_from), %(now)s, %(now)s
FROM unnest(
    %(ticket_number)s::text[], %(opened_at)s::timestamptz[], %(symbol)s::text[],
    %(trade_type)s::text[], %(lot_size)s::numeric[], %(open_price)s::numeric[],
    %(close_price)s::numeric[], %(stop_loss)s::numeric[], %(take_profit)s::numeric[],
    %(commission)s::numeric[], %(swap)s::numeric[], %(profit)s::numeric[],
    %(profit_percentage)s::numeric[], %(status)s::text[], %(strategy_used)s::text[],
    %(closed_at)s::timestamptz[], %(magic_number)s::bigint[], %(comment)s::text[],
    %(continued_from)s::text[]
) AS r (
    ticket_number, opened_at, symbol, trade_type, lot_size, open_price, close_price,
    stop_loss, take_profit, commission, swap, profit, profit_percentage, status,
    strategy_used, closed_at, magic_number, comment, continued_from
)
CROSS JOIN LATERAL (
    SELECT * FROM trade_tickets k
    WHERE k.bot_instance_id = %(bot_instance_id)s AND k.ticket_number = r.ticket_number
    LIMIT 1
) k
LEFT JOIN LATERAL (
    SELECT * FROM trades stored
    WHERE stored.id = k.trade_id
    AND stored.opened_at BETWEEN k.opened_at - interval '1 hour' AND k.opened_at
    AND stored.opened_at >= %(months_from)s AND stored.opened_at < %(months_until)s
    LIMIT 1
) stored ON true
ON CONFLICT (id, opened_at) DO UPDATE SET
    lot_size = CASE WHEN t.status = 'open' THEN EXCLUDED.lot_size ELSE t.lot_size END,
    close_price = CASE WHEN t.status = 'open' THEN EXCLUDED.close_price ELSE t.close_price END,
    stop_loss = CASE WHEN t.status = 'open' THEN EXCLUDED.stop_loss
        WHEN EXCLUDED.status = 'open' THEN coalesce(t.stop_loss, EXCLUDED.stop_loss)
        ELSE t.stop_loss END,
    take_profit = CASE WHEN t.status = 'open' THEN EXCLUDED.take_profit
        WHEN EXCLUDED.status = 'open' THEN coalesce(t.take_profit, EXCLUDED.take_profit)
        ELSE t.take_profit END,
    commission = CASE WHEN t.status = 'open' THEN EXCLUDED.commission ELSE t.commission END,
    swap = CASE WHEN t.status = 'open' THEN EXCLUDED.swap ELSE t.swap END,
    profit = CASE WHEN t.status = 'open' THEN EXCLUDED.profit ELSE t.profit END,
    status = CASE WHEN t.status = 'open' THEN EXCLUDED.status ELSE t.status END,
    closed_at = CASE WHEN t.status = 'open' THEN EXCLUDED.closed_at ELSE t.closed_at END,
    duration_seconds = CASE WHEN t.status = 'open' THEN EXCLUDED.duration_seconds ELSE t.duration_seconds END,
    profit_percentage = CASE WHEN t.status = 'open'
        THEN EXCLUDED.profit_percentage ELSE coalesce(t.profit_percentage, EXCLUDED.profit_percentage) END,
    strategy_used = CASE WHEN t.status = 'open'
        THEN EXCLUDED.strategy_used ELSE coalesce(t.strategy_used, EXCLUDED.strategy_used) END,
    magic_number = CASE WHEN t.status = 'open'
        THEN EXCLUDED.magic_number ELSE coalesce(t.magic_number, EXCLUDED.magic_number) END,
    comment = CASE WHEN t.status = 'open' OR t.comment = '' THEN EXCLUDED.comment ELSE t.comment END,
    continued_from = EXCLUDED.continued_from,
    updated_at = EXCLUDED.updated_at
-- A retry changes nothing, so it writes nothing.
WHERE CASE WHEN t.status = 'open' THEN
    (
        t.lot_size, t.close_price, t.stop_loss, t.take_profit, t.commission, t.swap, t.profit,
        t.status, t.closed_at, t.profit_percentage, t.strategy_used, t.magic_number,
        t.comment, t.continued_from
    ) IS DISTINCT FROM (
        EXCLUDED.lot_size, EXCLUDED.close_price, EXCLUDED.stop_loss, EXCLUDED.take_profit,
        EXCLUDED.commission, EXCLUDED.swap, EXCLUDED.profit,
        EXCLUDED.status, EXCLUDED.closed_at, EXCLUDED.profit_percentage,
        EXCLUDED.strategy_used, EXCLUDED.magic_number, EXCLUDED.comment,
        EXCLUDED.continued_from
    )
ELSE
    -- Without a license no ended trade is touched, and whoever says other figures than
    -- those that stand is believed in nothing.
    %(is_licensed)s
    AND (
        -- Only an open that comes late tells of stops: those of a close stand.
        (EXCLUDED.status = 'open' AND t.stop_loss IS NULL AND EXCLUDED.stop_loss IS NOT NULL)
        OR (EXCLUDED.status = 'open' AND t.take_profit IS NULL AND EXCLUDED.take_profit IS NOT NULL)
        OR (t.profit_percentage IS NULL AND EXCLUDED.profit_percentage IS NOT NULL)
        OR (t.strategy_used IS NULL AND EXCLUDED.strategy_used IS NOT NULL)
        OR (t.magic_number IS NULL AND EXCLUDED.magic_number IS NOT NULL)
        OR (t.comment = '' AND EXCLUDED.comment <> '')
        OR (t.continued_from IS NULL AND EXCLUDED.continued_from IS NOT NULL)
    )
    AND (
        EXCLUDED.status = 'open'
        OR (t.lot_size, t.close_price, t.commission, t.swap, t.profit)
            IS NOT DISTINCT FROM (
                EXCLUDED.lot_size, coalesce(EXCLUDED.close_price, t.close_price),
                EXCLUDED.commission, EXCLUDED.swap, EXCLUDED.profit
            )
    )
END
RETURNING
    old.id IS NULL AS is_created, new.ticket_number,
    old.status IS DISTINCT FROM new.status AS has_turned
),
remembered AS (
    UPDATE trade_tickets k SET report_digest = r.report_digest
    FROM unnest(%(ticket_number)s::text[], %(report_digest)s::bytea[])
        AS r (ticket_number, report_digest)
    WHERE k.bot_instance_id = %(bot_instance_id)s AND k.ticket_number = r.ticket_number
    AND r.report_digest IS NOT NULL
    AND k.ticket_number = ANY (ARRAY (
        SELECT ticket_number FROM written WHERE NOT is_created
    ))
)
SELECT is_created, CASE WHEN has_turned THEN ticket_number END FROM written
