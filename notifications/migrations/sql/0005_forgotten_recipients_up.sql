-- Whoever is deleted gets no more mail, and what they got does not name them. -----------
-- Before the row goes: afterwards the audit has forgotten the addresses they once had.

CREATE FUNCTION users_forget_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    addresses CONSTANT text[] := ARRAY(
        SELECT lower(OLD.email)
        UNION
        SELECT lower(email) FROM auth_events
        WHERE user_id = OLD.id AND email <> ''
            -- One that they gave up may be somebody else's by now.
            AND NOT EXISTS (
                SELECT FROM users
                WHERE lower(users.email) = lower(auth_events.email)
                    AND users.id <> OLD.id
            )
    );
BEGIN
    DELETE FROM deliveries
    WHERE lower(recipient) = ANY (addresses) AND state = 'waiting';
    UPDATE deliveries SET recipient = '' WHERE lower(recipient) = ANY (addresses);
    RETURN OLD;
END $$;

CREATE TRIGGER users_forget_deliveries BEFORE DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION users_forget_deliveries();
