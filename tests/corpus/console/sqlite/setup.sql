CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price NUMERIC, quantity INT, sold BOOLEAN, at TEXT, day TEXT, data TEXT, blob BLOB, "weird ""name" TEXT, 数量 INT)
;
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, item_id INT REFERENCES items, amount INT, at TEXT NOT NULL)
;
CREATE TABLE single (id)
;
CREATE INDEX by_quantity ON items (quantity)
;
CREATE VIEW cheap AS SELECT id, name FROM items WHERE price < 10
;
CREATE VIRTUAL TABLE notes USING fts5(body)
;
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1)
;
INSERT INTO items VALUES (1, 'apple', 1.5, 10, 1, '2024-01-02 03:04:05', '2024-01-02', '{"a": {"b": [1, 2, 3]}, "k": "v"}', x'00ff', 'w', 1), (2, 'bean', 20.25, 0, 0, '2024-02-02 03:04:05', '2024-02-02', '{"a": null}', NULL, NULL, 2), (3, 'cod; DROP TABLE items', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
;
INSERT INTO orders VALUES (1, 1, 5, '2024-01-03'), (2, 1, 7, '2024-01-04'), (3, 2, 1, '2024-02-03')
;
INSERT INTO notes VALUES ('a red apple'), ('a green bean')
;
INSERT INTO boxes VALUES (1, 0, 5)
;
