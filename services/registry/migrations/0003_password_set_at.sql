-- When a person's password was set, in real time: sign-ins from before are not renewed. Unknown for older passwords.

ALTER TABLE people ADD COLUMN password_set_at timestamptz;
