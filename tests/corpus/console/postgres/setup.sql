CREATE TABLE items (id bigint PRIMARY KEY, name text NOT NULL, price numeric(12, 4), quantity integer, sold boolean, at timestamptz, day date, data jsonb, tags text[], "Weird ""name" text, 数量 integer)
;
CREATE TABLE orders (id bigint PRIMARY KEY, item_id bigint REFERENCES items, amount integer, at timestamptz NOT NULL)
;
CREATE SEQUENCE counter
;
CREATE FUNCTION touch() RETURNS integer LANGUAGE sql AS 'INSERT INTO orders VALUES (999, 1, 1, now()); SELECT 1'
;
CREATE FUNCTION row_touch(items) RETURNS integer LANGUAGE sql AS 'INSERT INTO orders VALUES (998, 1, 1, now()); SELECT 1'
;
CREATE VIEW cheap AS SELECT id, name FROM items WHERE price < 10
;
CREATE TYPE mood AS ENUM ('sad', 'happy')
;
INSERT INTO items VALUES (1, 'apple', 1.5, 10, true, '2024-01-02 03:04:05+00', '2024-01-02', '{"a": {"b": [1, 2, 3]}, "k": "v"}', '{red,round}', 'w', 1), (2, 'bean', 20.25, 0, false, '2024-02-02 03:04:05+00', '2024-02-02', '{"a": null}', '{}', NULL, 2), (3, 'cod; DROP TABLE items', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
;
INSERT INTO orders VALUES (1, 1, 5, '2024-01-03 00:00:00+00'), (2, 1, 7, '2024-01-04 00:00:00+00'), (3, 2, 1, '2024-02-03 00:00:00+00')
;
