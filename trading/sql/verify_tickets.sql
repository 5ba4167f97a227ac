-- A probe for each ticket, as in upsert_trades.sql. Sorted before it is written, as all
-- that locks tickets takes them in this order.
UPDATE trade_tickets k SET verified_at = %(now)s
FROM (
    SELECT held.bot_instance_id, held.ticket_number
    FROM unnest(%(bots)s::uuid[]) AS bot (id)
    CROSS JOIN unnest(%(tickets)s::text[]) AS r (ticket_number)
    CROSS JOIN LATERAL (
        SELECT * FROM trade_tickets known
        WHERE known.bot_instance_id = bot.id AND known.ticket_number = r.ticket_number
        LIMIT 1
    ) held
    WHERE held.verified_at IS NULL
    ORDER BY held.bot_instance_id, held.ticket_number
) proven
WHERE k.bot_instance_id = proven.bot_instance_id
AND k.ticket_number = proven.ticket_number
RETURNING k.bot_instance_id
