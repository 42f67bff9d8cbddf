-- Who did something is asked for as often as what it was done to.
CREATE INDEX audit_actor ON audit (actor_id, position);
