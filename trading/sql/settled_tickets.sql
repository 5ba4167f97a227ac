-- Tickets whose trade stands as the same report has left it. One probe for each.
SELECT r.ticket_number
FROM unnest(%(ticket_number)s::text[], %(report_digest)s::bytea[])
    AS r (ticket_number, report_digest)
CROSS JOIN LATERAL (
    SELECT k.report_digest FROM trade_tickets k
    WHERE k.bot_instance_id = %(bot_instance_id)s AND k.ticket_number = r.ticket_number
    LIMIT 1
) known
WHERE known.report_digest = r.report_digest
