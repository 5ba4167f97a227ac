DROP TRIGGER allotment_entries_append_only ON allotment_entries;
DROP FUNCTION allotment_entries_append_only();
