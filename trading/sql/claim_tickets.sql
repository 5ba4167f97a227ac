-- The first report of a ticket names its trade for ever; a racing or later one keeps it.
INSERT INTO trade_tickets (
    bot_instance_id, ticket_number, opened_at, trade_id, report_digest
)
SELECT %(bot_instance_id)s, ticket_number, opened_at, trade_id, report_digest
FROM unnest(
    %(ticket_number)s::text[], %(opened_at)s::timestamptz[], %(trade_id)s::uuid[],
    %(report_digest)s::bytea[]
) AS r (ticket_number, opened_at, trade_id, report_digest)
ORDER BY ticket_number
ON CONFLICT (bot_instance_id, ticket_number) DO NOTHING;
