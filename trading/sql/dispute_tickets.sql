-- Reports of closed trades that say something else; each ticket is told of once. What a
-- report leaves out is no difference. One probe for each, as in upsert_trades.sql.
WITH differing AS (
    SELECT DISTINCT ON (r.ticket_number)
        r.ticket_number,
        jsonb_build_object(
            'lot_size', t.lot_size, 'close_price', t.close_price, 'profit', t.profit,
            'commission', t.commission, 'swap', t.swap
        ) AS stored,
        jsonb_build_object(
            'lot_size', r.lot_size::numeric(10, 2),
            'close_price', coalesce(r.close_price::numeric(15, 5), t.close_price),
            'profit', coalesce(r.profit, t.profit)::numeric(10, 2),
            'commission', coalesce(r.commission, t.commission)::numeric(10, 2),
            'swap', coalesce(r.swap, t.swap)::numeric(10, 2)
        ) AS reported
    FROM unnest(
        %(ticket_number)s::text[], %(status)s::text[], %(lot_size)s::numeric[],
        %(close_price)s::numeric[], %(commission)s::numeric[], %(swap)s::numeric[],
        %(profit)s::numeric[]
    ) WITH ORDINALITY AS r (
        ticket_number, status, lot_size, close_price, commission, swap, profit, place
    )
    CROSS JOIN LATERAL (
        SELECT * FROM trade_tickets k
        WHERE k.bot_instance_id = %(bot_instance_id)s AND k.ticket_number = r.ticket_number
        LIMIT 1
    ) known
    CROSS JOIN LATERAL (
        SELECT * FROM trades t
        WHERE t.id = known.trade_id
        AND t.opened_at BETWEEN known.opened_at - interval '1 hour' AND known.opened_at
        AND t.opened_at >= %(months_from)s AND t.opened_at < %(months_until)s
        LIMIT 1
    ) t
    WHERE r.status <> 'open' AND t.status <> 'open' AND known.disputed_at IS NULL
    AND (t.lot_size, t.close_price, t.commission, t.swap, t.profit) IS DISTINCT FROM (
        r.lot_size::numeric(10, 2),
        coalesce(r.close_price::numeric(15, 5), t.close_price),
        coalesce(r.commission, t.commission)::numeric(10, 2),
        coalesce(r.swap, t.swap)::numeric(10, 2),
        coalesce(r.profit, t.profit)::numeric(10, 2)
    )
    ORDER BY r.ticket_number, r.place
)
UPDATE trade_tickets k SET disputed_at = %(now)s
FROM differing d
WHERE k.bot_instance_id = %(bot_instance_id)s AND k.ticket_number = d.ticket_number
RETURNING k.ticket_number, d.reported::text, d.stored::text
