CREATE OR REPLACE FUNCTION users_forget_purchases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payments SET buyer_name = '', buyer_email = '' WHERE user_id = OLD.id;
    UPDATE invoices SET buyer_name = '', buyer_email = '' WHERE user_id = OLD.id;
    UPDATE provider_events SET payload = '{}' WHERE user_id = OLD.id;
    RETURN NULL;
END $$;

DROP TRIGGER credit_notes_unchanged ON credit_notes;
DROP FUNCTION credit_notes_unchanged();
