-- SQLite as a target
SELECT id, name FROM people WHERE name = 'ANNA'

SELECT id, name FROM people ORDER BY name, id

SELECT id, active FROM people WHERE active

SELECT 7/2, 7 DIV 2, 1/3

SELECT id, CONCAT(name, '-', age) FROM people

SELECT id, IF(age > 30, 'old', 'young'), IFNULL(age, 0) FROM people

SELECT id, DATE_ADD(born, INTERVAL 1 DAY) FROM people

SELECT id, YEAR(born), MONTH(seen), DAY(seen), HOUR(seen) FROM people

SELECT id, DATEDIFF(seen, born) FROM people

SELECT id, DATE_FORMAT(seen, '%Y-%m-%d %H:%i') FROM people

SELECT id, LENGTH(note), CHAR_LENGTH(note) FROM people

SELECT id, SUBSTRING(name, 2, 3), LEFT(name, 2), UPPER(email) FROM people

SELECT id, LOCATE('@', email) FROM people

SELECT GROUP_CONCAT(id ORDER BY id SEPARATOR ';') FROM people

SELECT status, COUNT(*) FROM orders GROUP BY status ORDER BY 2 DESC, 1

SELECT id FROM people WHERE name LIKE 'a%'

SELECT GREATEST(1, 2), LEAST(3, NULL), COALESCE(NULL, 4)

SELECT p.id, t.name FROM people p LEFT JOIN teams t ON t.id = p.team_id

SELECT id FROM people ORDER BY id LIMIT 2, 3

SELECT id FROM people WHERE age <=> NULL

SELECT id, ROW_NUMBER() OVER (PARTITION BY status ORDER BY id) FROM orders

WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5) SELECT n FROM s

SELECT id, JSON_VALUE(extra, '$.s') FROM people

SELECT id, LAST_DAY(born) FROM people

INSERT INTO counters (k, n) VALUES ('a', 5) ON DUPLICATE KEY UPDATE n = n + VALUES(n)
?? SELECT k, n FROM counters ORDER BY k

INSERT IGNORE INTO counters (k, n) VALUES ('a', 5), ('q', 1)
?? SELECT k, n FROM counters ORDER BY k

REPLACE INTO counters (k, n) VALUES ('a', 50)
?? SELECT k, n, m FROM counters ORDER BY k

UPDATE people p JOIN teams t ON p.team_id = t.id SET p.note = t.name WHERE t.city = 'Berlin'
?? SELECT id, note FROM people ORDER BY id

DELETE FROM orders ORDER BY amount DESC LIMIT 1
?? SELECT id FROM orders ORDER BY id

CREATE TABLE made (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) DEFAULT 'x', ok TINYINT(1) DEFAULT 1); INSERT INTO made (name) VALUES ('a'), ('b')
?? SELECT id, name, ok FROM made ORDER BY id

CREATE TABLE made (id INT PRIMARY KEY, state ENUM('new','done') NOT NULL DEFAULT 'new', KEY (state)); INSERT INTO made (id) VALUES (1)
?? SELECT id, state FROM made
