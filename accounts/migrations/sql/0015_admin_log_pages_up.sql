-- A third party's table, whose own indexes know neither an order nor an object.

CREATE INDEX admin_log_newest ON django_admin_log (action_flag, action_time, id);
CREATE INDEX admin_log_of_user ON django_admin_log (user_id, action_time);
CREATE INDEX admin_log_of_object ON django_admin_log (object_id);
