-- LockRows stands above Sort, so rows are locked in this order. What is not told is filled
-- in from the stored row: of two reports that race, the second reads what the first wrote.
SELECT ticket_number, opened_at FROM trade_tickets
WHERE bot_instance_id = %(bot_instance_id)s AND ticket_number = ANY (%(ticket_number)s)
ORDER BY ticket_number
FOR NO KEY UPDATE
