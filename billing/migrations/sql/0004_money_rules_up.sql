UPDATE subscriptions
SET anchor_day = extract(day FROM current_period_start AT TIME ZONE 'UTC');

-- An invoice stays as it was issued ---------------------------------------------------
-- Only the buyer may go, when they are deleted.

CREATE FUNCTION invoices_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    personal CONSTANT text[] := ARRAY['buyer_name', 'buyer_email'];
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.buyer_name IN ('', OLD.buyer_name)
        AND NEW.buyer_email IN ('', OLD.buyer_email)
        AND to_jsonb(NEW) - personal = to_jsonb(OLD) - personal THEN
        RETURN NEW;
    END IF;
    RAISE integrity_constraint_violation USING
        CONSTRAINT = 'invoices_unchanged', TABLE = 'invoices',
        MESSAGE = 'invoices are neither changed nor deleted';
END $$;

CREATE TRIGGER invoices_unchanged BEFORE UPDATE OR DELETE ON invoices
    FOR EACH ROW EXECUTE FUNCTION invoices_unchanged();

CREATE FUNCTION users_forget_purchases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payments SET buyer_name = '', buyer_email = '' WHERE user_id = OLD.id;
    UPDATE invoices SET buyer_name = '', buyer_email = '' WHERE user_id = OLD.id;
    UPDATE provider_events SET payload = '{}' WHERE user_id = OLD.id;
    RETURN NULL;
END $$;

CREATE TRIGGER users_forget_purchases AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION users_forget_purchases();
