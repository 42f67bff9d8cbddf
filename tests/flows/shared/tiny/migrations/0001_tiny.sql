CREATE TABLE seen (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE begun (name text NOT NULL);

-- The job's run that goes on; a second one at the same time can't get in and leaves its mark.
CREATE TABLE running (the_one boolean PRIMARY KEY DEFAULT true, copy text NOT NULL);
CREATE TABLE overlapped (copy text NOT NULL);
CREATE TABLE ran (copy text NOT NULL, correlation_id text NOT NULL);
