-- The ledger of allotments is append-only ---------------------------------------------

CREATE FUNCTION allotment_entries_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING
        CONSTRAINT = 'allotment_entries_append_only', TABLE = 'allotment_entries',
        MESSAGE = 'entries of allotments are neither changed nor deleted';
END $$;

CREATE TRIGGER allotment_entries_append_only BEFORE UPDATE OR DELETE
    ON allotment_entries
    FOR EACH ROW EXECUTE FUNCTION allotment_entries_append_only();
