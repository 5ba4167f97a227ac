CREATE FUNCTION subscription_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING
        CONSTRAINT = 'subscription_events_append_only', TABLE = 'subscription_events',
        MESSAGE = 'events of subscriptions are neither changed nor deleted';
END $$;

CREATE TRIGGER subscription_events_append_only BEFORE UPDATE OR DELETE
    ON subscription_events
    FOR EACH ROW EXECUTE FUNCTION subscription_events_append_only();
