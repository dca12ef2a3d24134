CREATE TABLE items (id bigint PRIMARY KEY, name varchar(100) NOT NULL, price decimal(12, 4), quantity int, sold tinyint(1), at datetime(3), day date, data json, notes text, FULLTEXT (notes), `weird ``name` varchar(10), 数量 int, KEY by_quantity (quantity)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
;
CREATE TABLE orders (id bigint PRIMARY KEY, item_id bigint, amount int, at datetime NOT NULL) ENGINE=InnoDB
;
CREATE VIEW cheap AS SELECT id, name FROM items WHERE price < 10
;
CREATE PROCEDURE evil() DELETE FROM items
;
CREATE FUNCTION touch() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM orders; RETURN 1; END
;
INSERT INTO items VALUES (1, 'apple', 1.5, 10, 1, '2024-01-02 03:04:05', '2024-01-02', '{"a": {"b": [1, 2, 3]}, "k": "v"}', 'a red apple', 'w', 1), (2, 'bean', 20.25, 0, 0, '2024-02-02 03:04:05', '2024-02-02', '{"a": null}', 'a green bean', NULL, 2), (3, 'cod; DROP TABLE items', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
;
INSERT INTO orders VALUES (1, 1, 5, '2024-01-03'), (2, 1, 7, '2024-01-04'), (3, 2, 1, '2024-02-03')
;
