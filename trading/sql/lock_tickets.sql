-- Before what is stored is read to fill in what is not told: of two reports that race, the
-- second has to read what the first wrote.
SELECT FROM trade_tickets
WHERE bot_instance_id = %(bot_instance_id)s AND ticket_number = ANY (%(ticket_number)s)
ORDER BY ticket_number
FOR NO KEY UPDATE
