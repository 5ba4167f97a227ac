-- Ticks by arrays, sorted by key; the key is derived from (trade, recorded_at), so a tick
-- that was sent before is not stored again.
INSERT INTO trade_history (
    id, trade_id, current_price, unrealized_profit, recorded_at, trade_opened_at
)
SELECT r.id, r.trade_id, r.current_price, r.unrealized_profit, r.recorded_at, r.opened_at
FROM unnest(
    %(id)s::uuid[], %(trade_id)s::uuid[], %(current_price)s::numeric[],
    %(unrealized_profit)s::numeric[], %(recorded_at)s::timestamptz[],
    %(opened_at)s::timestamptz[]
) AS r (id, trade_id, current_price, unrealized_profit, recorded_at, opened_at)
ORDER BY r.id
ON CONFLICT (id, recorded_at) DO NOTHING
