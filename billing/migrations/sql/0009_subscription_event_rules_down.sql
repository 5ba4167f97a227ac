DROP TRIGGER subscription_events_append_only ON subscription_events;
DROP FUNCTION subscription_events_append_only();
