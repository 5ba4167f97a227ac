-- A bot belongs to whom its license belongs. Checked when the transaction ends, so that a
-- transfer can move both.
CREATE FUNCTION bot_has_owner_of_license() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM bot_instances b JOIN licenses l ON l.id = b.license_id
        WHERE b.id = NEW.id AND b.user_id <> l.user_id
    ) THEN
        RAISE integrity_constraint_violation USING
            CONSTRAINT = 'bot_instances_owner_of_license', TABLE = 'bot_instances',
            MESSAGE = 'a bot instance belongs to the owner of its license';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION license_has_owner_of_bots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM bot_instances b JOIN licenses l ON l.id = b.license_id
        WHERE l.id = NEW.id AND b.user_id <> l.user_id
    ) THEN
        RAISE integrity_constraint_violation USING
            CONSTRAINT = 'bot_instances_owner_of_license', TABLE = 'licenses',
            MESSAGE = 'a bot instance belongs to the owner of its license';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER bot_has_owner_of_license
    AFTER INSERT ON bot_instances DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION bot_has_owner_of_license();

CREATE CONSTRAINT TRIGGER bot_keeps_owner_of_license
    AFTER UPDATE OF user_id, license_id ON bot_instances DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW
    WHEN ((OLD.user_id, OLD.license_id) IS DISTINCT FROM (NEW.user_id, NEW.license_id))
    EXECUTE FUNCTION bot_has_owner_of_license();

CREATE CONSTRAINT TRIGGER license_keeps_owner_of_bots
    AFTER UPDATE OF user_id ON licenses DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id)
    EXECUTE FUNCTION license_has_owner_of_bots();
