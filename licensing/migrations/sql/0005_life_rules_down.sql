DROP TRIGGER licenses_forget_addresses ON licenses;
DROP FUNCTION licenses_forget_addresses();
DROP TRIGGER license_events_append_only ON license_events;
DROP FUNCTION license_events_append_only();
