-- As of an invoice, only the buyer may go.
CREATE FUNCTION credit_notes_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    personal CONSTANT text[] := ARRAY['buyer_name', 'buyer_email'];
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.buyer_name IN ('', OLD.buyer_name)
        AND NEW.buyer_email IN ('', OLD.buyer_email)
        AND to_jsonb(NEW) - personal = to_jsonb(OLD) - personal THEN
        RETURN NEW;
    END IF;
    RAISE integrity_constraint_violation USING
        CONSTRAINT = 'credit_notes_unchanged', TABLE = 'credit_notes',
        MESSAGE = 'credit notes are neither changed nor deleted';
END $$;

CREATE TRIGGER credit_notes_unchanged BEFORE UPDATE OR DELETE ON credit_notes
    FOR EACH ROW EXECUTE FUNCTION credit_notes_unchanged();

CREATE OR REPLACE FUNCTION users_forget_purchases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payments SET buyer_name = '', buyer_email = '' WHERE user_id = OLD.id;
    UPDATE invoices SET buyer_name = '', buyer_email = '' WHERE user_id = OLD.id;
    UPDATE credit_notes SET buyer_name = '', buyer_email = '' WHERE user_id = OLD.id;
    UPDATE provider_events SET payload = '{}' WHERE user_id = OLD.id;
    RETURN NULL;
END $$;
