DROP TRIGGER users_forget_addresses ON users;
DROP FUNCTION users_forget_addresses();
DROP TRIGGER license_events_not_truncated ON license_events;
DROP TRIGGER license_events_append_only ON license_events;
DROP FUNCTION license_events_append_only();
