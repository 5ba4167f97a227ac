-- Later reports of closed trades that say something else; each ticket is told of once.
UPDATE trade_tickets k SET disputed_at = %(now)s
FROM unnest(
    %(ticket_number)s::text[], %(status)s::text[], %(lot_size)s::numeric[],
    %(close_price)s::numeric[], %(commission)s::numeric[], %(swap)s::numeric[],
    %(profit)s::numeric[]
) AS r (ticket_number, status, lot_size, close_price, commission, swap, profit)
JOIN trade_tickets known
    ON known.bot_instance_id = %(bot_instance_id)s
    AND known.ticket_number = r.ticket_number
JOIN trades t ON t.id = known.trade_id AND t.opened_at = known.opened_at
WHERE r.status <> 'open' AND t.status <> 'open'
AND (t.lot_size, t.close_price, t.commission, t.swap, t.profit) IS DISTINCT FROM
    (r.lot_size::numeric(10, 2), r.close_price::numeric(15, 5),
     coalesce(r.commission, t.commission)::numeric(10, 2),
     coalesce(r.swap, t.swap)::numeric(10, 2), r.profit::numeric(10, 2))
AND k.bot_instance_id = known.bot_instance_id AND k.ticket_number = known.ticket_number
AND k.disputed_at IS NULL
RETURNING k.ticket_number, r.profit, t.profit;
