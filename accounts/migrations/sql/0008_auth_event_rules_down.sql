DROP TRIGGER users_forget_auth_events ON users;
DROP FUNCTION users_forget_auth_events();
DROP TRIGGER auth_events_know_the_living ON auth_events;
DROP FUNCTION auth_events_know_the_living();
DROP TRIGGER auth_events_append_only ON auth_events;
DROP FUNCTION auth_events_append_only();
