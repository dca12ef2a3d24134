-- 1 types and casts
SELECT CAST('12abc' AS SIGNED)

SELECT CAST('abc' AS SIGNED), CAST('' AS SIGNED), CAST('-7' AS SIGNED)

SELECT CAST(1.5 AS SIGNED), CAST(2.5 AS SIGNED), CAST(-1.5 AS SIGNED)

SELECT id, CAST(t AS SIGNED) FROM nums

SELECT id, CAST(t AS DECIMAL(10,2)) FROM nums

SELECT id, CAST(a AS CHAR) FROM nums

SELECT id, CONVERT(a, CHAR) FROM nums

SELECT id, CAST(d AS CHAR) FROM nums

SELECT id, CAST(seen AS DATE) FROM people

SELECT id, CAST(born AS DATETIME) FROM people

SELECT id, CAST(seen AS CHAR) FROM people

SELECT id, CAST(name AS CHAR(2)) FROM people

SELECT CAST('2024-02-03' AS DATE), CAST('2024-02-03 04:05:06' AS DATETIME)

SELECT id, CAST(score AS SIGNED) FROM people

SELECT id, CAST(f AS SIGNED) FROM nums WHERE id <> 7

SELECT id, CAST(a AS DECIMAL(20,3)) FROM nums

SELECT id, CAST(score AS DOUBLE) FROM people

SELECT id, active, active + 1, -active FROM people

SELECT id FROM people WHERE active

SELECT id FROM people WHERE NOT active

SELECT id FROM people WHERE active = 1 AND active <> 0

SELECT id FROM people WHERE active = TRUE

SELECT id FROM people WHERE active IS TRUE

SELECT SUM(active), MAX(active), AVG(active), COUNT(active) FROM people

SELECT active, COUNT(*) FROM people GROUP BY active

SELECT id, level FROM people WHERE level = 'high'

SELECT id, level FROM people ORDER BY level, id

SELECT id, level FROM people WHERE level IN ('low', 'mid') ORDER BY level DESC, id

SELECT level, COUNT(*) FROM people GROUP BY level

SELECT 1 = 1, 1 = 2, NULL = 1, 2 > 1 AND 3 > 2, NOT 1

SELECT TRUE, FALSE, TRUE + TRUE

SELECT id, age > 30 FROM people

SELECT id, age > 30 AND active FROM people

SELECT id, (age > 30) + (active = 1) FROM people

SELECT id FROM people WHERE age

SELECT id FROM people WHERE age AND score

SELECT id FROM people WHERE NOT age

-- 2 literals and quoting
SELECT 'it''s', 'it\'s', "double ""quoted""", 'a\\b', 'tab\there', 'line\nbreak'

SELECT `id`, `name` FROM `people` WHERE `id` = 1

SELECT p.`name` AS `Person Name` FROM people p WHERE p.id < 3

SELECT id AS `order`, name AS `select` FROM people

SELECT X'4142', 0x4142 = 'AB'

SELECT N'national', _utf8mb4'intro'

SELECT 'con' 'cat'

SELECT 1.50, .5, 1e3, -2, +3

SELECT id FROM people WHERE note = 'it''s a \\ backslash'

SELECT id FROM people WHERE note = "x" # a comment

SELECT id /* inside */ FROM people -- the end

SELECT '😀', 'ünï', '日本'

SELECT id FROM people WHERE note LIKE '%😀%'

-- 3 dates
SELECT id, DATE_ADD(born, INTERVAL 1 DAY) FROM people

SELECT id, DATE_ADD(born, INTERVAL 1 MONTH) FROM people

SELECT id, DATE_SUB(born, INTERVAL 1 YEAR) FROM people

SELECT id, seen + INTERVAL 90 MINUTE FROM people

SELECT id, seen - INTERVAL 1 WEEK FROM people

SELECT id, DATE_ADD(born, INTERVAL 2 HOUR) FROM people

SELECT id, DATE_ADD(born, INTERVAL age DAY) FROM people

SELECT id, ADDDATE(born, 10), SUBDATE(born, INTERVAL 2 QUARTER) FROM people

SELECT DATE_ADD('2024-01-31', INTERVAL 1 MONTH)

SELECT DATE_ADD('2024-01-31 10:00:00', INTERVAL '1:30' HOUR_MINUTE)

SELECT id, born + INTERVAL '1-2' YEAR_MONTH FROM people

SELECT id, DATEDIFF(seen, born) FROM people

SELECT DATEDIFF('2024-03-01', '2024-02-01')

SELECT id, TIMESTAMPDIFF(SECOND, placed, '2024-06-01 00:00:00') FROM orders

SELECT id, TIMESTAMPDIFF(HOUR, placed, '2024-06-01 00:00:00') FROM orders

SELECT id, TIMESTAMPDIFF(DAY, placed, '2024-02-15') FROM orders

SELECT id, TIMESTAMPDIFF(MONTH, placed, '2024-06-20 10:00:00') FROM orders

SELECT id, TIMESTAMPDIFF(YEAR, born, '2024-06-01') FROM people

SELECT id, TIMESTAMPADD(MINUTE, 5, placed) FROM orders

SELECT id, DATE_FORMAT(seen, '%Y-%m-%d %H:%i:%s') FROM people

SELECT id, DATE_FORMAT(seen, '%d/%m/%y %h:%i %p') FROM people

SELECT id, DATE_FORMAT(seen, '%W, %e %M %Y') FROM people

SELECT id, DATE_FORMAT(seen, '%a %b %j %k %l %c') FROM people

SELECT id, DATE_FORMAT(born, '%Y-%m-01') FROM people

SELECT id, DATE_FORMAT(seen, 'Year %Y at %T') FROM people

SELECT id, DATE_FORMAT(seen, '%x-W%v') FROM people

SELECT STR_TO_DATE('03/04/2024', '%d/%m/%Y'), STR_TO_DATE('2024-05-06 07:08:09', '%Y-%m-%d %H:%i:%s')

SELECT id, YEAR(born), MONTH(born), DAY(born), QUARTER(born) FROM people

SELECT id, HOUR(seen), MINUTE(seen), SECOND(seen) FROM people

SELECT id, DAYOFWEEK(born), WEEKDAY(born), DAYOFYEAR(born), DAYOFMONTH(born) FROM people

SELECT id, WEEK(born), WEEK(born, 3), WEEKOFYEAR(born), YEARWEEK(born, 1) FROM people

SELECT id, MONTHNAME(born), DAYNAME(born) FROM people

SELECT id, LAST_DAY(born) FROM people

SELECT id, EXTRACT(YEAR FROM seen), EXTRACT(HOUR FROM seen), EXTRACT(YEAR_MONTH FROM seen) FROM people

SELECT id, UNIX_TIMESTAMP(seen) FROM people

SELECT FROM_UNIXTIME(1700000000), FROM_UNIXTIME(0)

SELECT FROM_UNIXTIME(1700000000, '%Y/%m/%d')

SELECT id, DATE(seen) FROM people

SELECT id, TIME(seen) FROM people

SELECT id, TO_DAYS(born) FROM people

SELECT FROM_DAYS(738000), MAKEDATE(2024, 60)

SELECT CONVERT_TZ('2024-01-01 12:00:00', '+00:00', '+08:00')

SELECT id, CONVERT_TZ(seen, '+00:00', '-05:30') FROM people

SELECT TIME_TO_SEC('01:02:03')

SELECT CURDATE() = DATE(NOW()), NOW() >= CURDATE()

SELECT id FROM orders WHERE placed >= '2024-02-01' AND placed < '2024-03-01'

SELECT id FROM orders WHERE placed BETWEEN '2024-01-01' AND '2024-01-31 23:59:59'

SELECT id FROM people WHERE born = '1996-02-29'

SELECT id FROM people WHERE born > '1990-01-31 00:00:00'

SELECT id FROM people WHERE born = '19900131'

SELECT id FROM orders WHERE DATE(placed) = '2024-02-01'

SELECT id FROM orders WHERE YEAR(placed) = 2024 AND MONTH(placed) IN (1, 2)

SELECT YEAR(placed), MONTH(placed), COUNT(*) FROM orders GROUP BY YEAR(placed), MONTH(placed)

SELECT FROM_UNIXTIME(UNIX_TIMESTAMP(placed) DIV 300 * 300), id FROM orders

-- 4 strings
SELECT id, CONCAT(name, ' <', email, '>') FROM people

SELECT id, CONCAT(name, age, score, active) FROM people

SELECT id, CONCAT('x', born, seen) FROM people

SELECT id, CONCAT_WS(', ', name, email, note) FROM people

SELECT id, CONCAT_WS('-', id, age, active) FROM people

SELECT id, LENGTH(note), CHAR_LENGTH(note), OCTET_LENGTH(name), BIT_LENGTH(name) FROM people

SELECT id, SUBSTRING(name, 2), SUBSTR(name, 1, 2), MID(name, 2, 2), SUBSTRING(name FROM 2 FOR 1) FROM people

SELECT id, SUBSTRING(name, -2), SUBSTRING(name, -3, 2), SUBSTRING(name, 0) FROM people

SELECT id, LEFT(name, 2), RIGHT(name, 2) FROM people

SELECT id, LOCATE('a', name), INSTR(email, '@'), POSITION('E' IN name) FROM people

SELECT id, LOCATE('e', email, 4) FROM people

SELECT id, SUBSTRING_INDEX(email, '@', 1), SUBSTRING_INDEX(email, '@', -1) FROM people

SELECT SUBSTRING_INDEX('a.b.c.d', '.', 2), SUBSTRING_INDEX('a.b.c.d', '.', -2), SUBSTRING_INDEX('abc', '.', 1)

SELECT id, UPPER(name), LOWER(name), UCASE(email), LCASE(email) FROM people

SELECT id, LPAD(name, 6, '*'), RPAD(name, 3, '-') FROM people

SELECT TRIM('  x  '), LTRIM('  x  '), RTRIM('  x  '), TRIM(BOTH '-' FROM '--x--'), TRIM(LEADING 'ab' FROM 'ababx')

SELECT id, REPLACE(email, '.com', '.net'), REVERSE(name), REPEAT(name, 2) FROM people

SELECT SPACE(3), ASCII('A'), CHAR(66), HEX(255), HEX('AZ'), UNHEX('4142')

SELECT id, MD5(name), SHA2(name, 256) FROM people

SELECT id, FIELD(level, 'low', 'mid', 'high') FROM people

SELECT ELT(2, 'a', 'b', 'c'), FIND_IN_SET('b', 'a,b,c'), FIND_IN_SET('z', 'a,b,c')

SELECT INSERT('Quadratic', 3, 4, 'What'), FORMAT(1234567.891, 2), FORMAT(0.5, 0)

SELECT STRCMP('a', 'b'), STRCMP('B', 'a'), STRCMP('a', 'A')

SELECT id FROM people WHERE name LIKE 'a%'

SELECT id FROM people WHERE name LIKE '%E%'

SELECT id FROM people WHERE name NOT LIKE '%a%'

SELECT id FROM people WHERE note LIKE '100\%%'

SELECT id FROM people WHERE note LIKE '%!_%' ESCAPE '!'

SELECT id FROM orders WHERE code LIKE 'a%'

SELECT id FROM people WHERE age LIKE '2%'

SELECT id FROM people WHERE name = 'ANNA'

SELECT id FROM people WHERE name <> 'anna'

SELECT id FROM people WHERE name IN ('ANNA', 'Bob', 'nobody')

SELECT id FROM people WHERE name NOT IN ('anna', 'BOB')

SELECT id FROM people WHERE name > 'B' AND name < 'e'

SELECT id FROM people WHERE name BETWEEN 'a' AND 'd'

SELECT id FROM orders WHERE code = 'abc'

SELECT id FROM orders WHERE code > 'X'

SELECT id, name FROM people ORDER BY name, id

SELECT id, code FROM orders ORDER BY code, id

SELECT id, email FROM people ORDER BY email DESC, id

SELECT id FROM people WHERE name REGEXP '^[a-c]'

SELECT id FROM people WHERE email RLIKE 'example\\.com$'

SELECT id FROM people WHERE name NOT REGEXP 'a|e'

SELECT id, REGEXP_REPLACE(email, '[aeiou]', '*') FROM people

SELECT id, REGEXP_SUBSTR(email, '@[a-z]+') FROM people

SELECT id, REGEXP_INSTR(email, '@') FROM people

SELECT id, REGEXP_REPLACE(email, '([a-z]+)@([a-z]+)', '\\2 at \\1') FROM people

SELECT id FROM people WHERE note REGEXP '\\bwords\\b'

SELECT id FROM people WHERE name || email

SELECT id, age || 0 FROM people

SELECT id FROM orders WHERE code = 'abc' || qty = 7

SELECT COUNT(DISTINCT name), COUNT(DISTINCT status), COUNT(DISTINCT code) FROM people, orders

SELECT team_id, GROUP_CONCAT(id ORDER BY id SEPARATOR ',') FROM people GROUP BY team_id

SELECT team_id, GROUP_CONCAT(id ORDER BY id DESC) FROM people GROUP BY team_id

SELECT GROUP_CONCAT(DISTINCT age ORDER BY age SEPARATOR '|') FROM people

SELECT team_id, GROUP_CONCAT(name, ':', age ORDER BY id SEPARATOR '; ') FROM people GROUP BY team_id

SELECT GROUP_CONCAT(DISTINCT status ORDER BY status DESC) FROM orders

SELECT status, GROUP_CONCAT(code ORDER BY id) FROM orders GROUP BY status

SELECT UPPER(status), COUNT(*) FROM orders GROUP BY UPPER(status)

SELECT name COLLATE utf8mb4_bin FROM people WHERE name COLLATE utf8mb4_bin = 'anna'

SELECT id FROM people WHERE BINARY name = 'Anna'

SELECT MIN(name), MAX(name) FROM people WHERE name <> ''

-- 5 JSON
SELECT id, JSON_EXTRACT(extra, '$.a.b') FROM people

SELECT id, JSON_UNQUOTE(JSON_EXTRACT(extra, '$.s')), JSON_VALUE(extra, '$.s'), JSON_VALUE(extra, '$.a'), JSON_VALUE(extra, '$.tags') FROM people

SELECT id, JSON_VALUE(extra, '$.n') FROM people

SELECT id, JSON_VALUE(extra, '$.tags[0]') FROM people

SELECT id FROM people WHERE JSON_EXTRACT(extra, '$.n') = 5

SELECT id FROM people WHERE JSON_VALUE(extra, '$.s') = 'text'

SELECT id FROM people WHERE JSON_EXTRACT(extra, '$.n') > 1

SELECT id, JSON_LENGTH(extra, '$.tags') FROM people

SELECT JSON_OBJECT('a', 1, 'b', 'two', 'c', NULL), JSON_ARRAY(1, 'x', NULL)

SELECT id, JSON_OBJECT('id', id, 'name', name) FROM people

SELECT JSON_ARRAYAGG(id) FROM teams WHERE id = 2

SELECT JSON_OBJECTAGG(id, name) FROM teams

SELECT id FROM people WHERE JSON_CONTAINS(extra, '"x"', '$.tags')

SELECT id, JSON_SET(extra, '$.n', 9) FROM people WHERE id = 1

SELECT id, JSON_REMOVE(extra, '$.tags', '$.a') FROM people

SELECT id, JSON_TYPE(JSON_EXTRACT(extra, '$.tags')) FROM people WHERE id < 3

SELECT id, JSON_KEYS(extra) FROM people WHERE id = 7

-- 6 aggregates, windows, conditions
SELECT 7/2, 7 DIV 2, 7 MOD 2, 7 % 2, -7/2, -7 DIV 2, -7 % 2, 1/3, 2/3

SELECT id, a/b, a DIV b, a MOD b, a % b FROM nums

SELECT id, a/0, a DIV 0, a % 0, MOD(a, b) FROM nums

SELECT id, d/3, d/b, d*a, d + 1, d - a FROM nums

SELECT id, f/b, f*2, f + a FROM nums

SELECT id, score/age, score*age FROM people

SELECT id FROM nums WHERE a/b > 3

SELECT id, (a + b) / 2 FROM nums

SELECT SUM(a)/COUNT(*), AVG(a), AVG(d), AVG(f), SUM(d), SUM(f) FROM nums WHERE id < 7

SELECT id, a * b FROM nums

SELECT id, ROUND(d, 2), ROUND(d), ROUND(f, 1), TRUNCATE(d, 1), CEIL(d), FLOOR(d), ABS(a), SIGN(a) FROM nums

SELECT ROUND(2.5), ROUND(-2.5), ROUND(1234.567, -2), TRUNCATE(-1.999, 2), CEILING(1.1), FLOOR(-1.1)

SELECT POW(2, 10), SQRT(16), SQRT(-1), EXP(0), LN(1), LOG(10), LOG(2, 8), LOG10(1000), LOG2(8), PI(), LN(0)

SELECT id, SQRT(a), LN(a) FROM nums

SELECT GREATEST(1, 5, 3), LEAST(4, 2), GREATEST(1, NULL), LEAST(2.5, 2)

SELECT id, GREATEST(a, b), LEAST(a, b) FROM nums

SELECT IF(1 > 0, 'yes', 'no'), IF(NULL, 1, 2), IFNULL(NULL, 'x'), NULLIF(1, 1), NULLIF(2, 1), ISNULL(NULL)

SELECT id, IF(age > 30, 'old', 'young'), IFNULL(age, 0), COALESCE(score, age, 0) FROM people

SELECT id, IFNULL(name, 'none'), IFNULL(age, 'none') FROM people

SELECT id, CASE WHEN age IS NULL THEN 'unknown' WHEN age < 30 THEN 'young' ELSE 'old' END FROM people

SELECT id, CASE age WHEN 25 THEN 'a' WHEN 31 THEN 'b' END FROM people

SELECT id, CASE WHEN active THEN 1 ELSE 'no' END FROM people

SELECT id, CASE status WHEN 'PAID' THEN 1 ELSE 0 END FROM orders

SELECT id, NULLIF(name, 'ANNA') FROM people

SELECT SUM(IF(status = 'paid', amount, 0)), SUM(status = 'paid'), COUNT(IF(status = 'open', 1, NULL)) FROM orders

SELECT COUNT(*), COUNT(age), COUNT(DISTINCT age), MIN(age), MAX(age) FROM people

SELECT COUNT(DISTINCT age, active) FROM people

SELECT STD(a), STDDEV(a), STDDEV_SAMP(a), VARIANCE(a), VAR_SAMP(a), VAR_POP(a) FROM nums WHERE id < 5

SELECT BIT_AND(qty), BIT_OR(qty), BIT_XOR(qty) FROM orders

SELECT status, COUNT(*) c FROM orders GROUP BY status HAVING c > 1 ORDER BY c DESC, status

SELECT status, SUM(amount) AS total FROM orders GROUP BY status HAVING total > 0

SELECT status s, COUNT(*) FROM orders GROUP BY s

SELECT status, COUNT(*) FROM orders GROUP BY 1 ORDER BY 2 DESC, 1

SELECT team_id, COUNT(*) FROM people GROUP BY team_id WITH ROLLUP

SELECT id, age * 2 AS dbl FROM people HAVING dbl > 60

SELECT p.id, p.name, COUNT(o.id) FROM people p LEFT JOIN orders o ON o.person_id = p.id GROUP BY p.id

SELECT name, COUNT(*) FROM people GROUP BY name

SELECT DISTINCT status FROM orders ORDER BY status

SELECT DISTINCT team_id FROM people ORDER BY team_id

SELECT DISTINCT LOWER(status), qty > 3 FROM orders

SELECT id, ROW_NUMBER() OVER (PARTITION BY status ORDER BY placed) FROM orders

SELECT id, RANK() OVER (ORDER BY age), DENSE_RANK() OVER (ORDER BY age DESC) FROM people

SELECT id, SUM(amount) OVER (PARTITION BY person_id ORDER BY placed ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders

SELECT id, LAG(qty) OVER (ORDER BY id), LEAD(qty, 2) OVER (ORDER BY id), FIRST_VALUE(qty) OVER (ORDER BY id) FROM orders

SELECT id, NTILE(3) OVER (ORDER BY id), PERCENT_RANK() OVER (ORDER BY id), CUME_DIST() OVER (ORDER BY id) FROM orders

SELECT id, AVG(qty) OVER w, COUNT(*) OVER w FROM orders WINDOW w AS (PARTITION BY status)

SELECT status, SUM(SUM(amount)) OVER (ORDER BY status) FROM orders GROUP BY status

SELECT 5 & 3, 5 | 3, 5 ^ 3, 1 << 4, 16 >> 2

SELECT 1 XOR 1, 1 XOR 0, NULL XOR 1, 1 && 0, 1 OR 0

SELECT NULL <=> NULL, 1 <=> NULL, 1 <=> 1

SELECT id FROM people WHERE age <=> NULL

SELECT id FROM people WHERE name <=> 'anna'

SELECT id FROM people WHERE (age, active) = (25, 0)

SELECT id FROM people WHERE (age, team_id) IN ((31, 1), (47, 2))

SELECT id FROM nums WHERE t = 12

SELECT id FROM nums WHERE t > 0

SELECT id, t + 1 FROM nums

SELECT id FROM nums WHERE a = '7'

SELECT id FROM people WHERE age > '30'

SELECT '10' + 5, '3 apples' * 2

SELECT SUM(t) FROM nums

-- 7 joins, sets, limits
SELECT p.id, t.name FROM people p JOIN teams t ON p.team_id = t.id

SELECT p.id, t.name FROM people p INNER JOIN teams t ON p.team_id = t.id AND t.city = 'berlin'

SELECT p.id, t.id FROM people p LEFT JOIN teams t ON p.team_id = t.id

SELECT p.id, t.id FROM people p RIGHT JOIN teams t ON p.team_id = t.id

SELECT COUNT(*) FROM people JOIN teams

SELECT p.id, t.id FROM people p, teams t WHERE p.team_id = t.id AND t.name = 'RED'

SELECT a.id, b.id FROM teams a STRAIGHT_JOIN teams b ON a.id < b.id

SELECT COUNT(*) FROM people p CROSS JOIN teams t

SELECT id FROM people WHERE team_id IN (SELECT id FROM teams WHERE city IS NOT NULL)

SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM orders o WHERE o.person_id = p.id AND o.amount > 100)

SELECT id, (SELECT COUNT(*) FROM orders o WHERE o.person_id = p.id) FROM people p

SELECT id FROM people WHERE id NOT IN (SELECT person_id FROM orders WHERE person_id IS NOT NULL)

SELECT name FROM people WHERE name IN (SELECT UPPER(name) FROM people)

SELECT x.team_id, x.n FROM (SELECT team_id, COUNT(*) AS n FROM people GROUP BY team_id) x WHERE x.n > 1

SELECT id FROM people UNION SELECT id FROM teams ORDER BY id

SELECT id FROM people UNION ALL SELECT id FROM teams ORDER BY id DESC LIMIT 5

SELECT id FROM people EXCEPT SELECT id FROM teams

SELECT id FROM people INTERSECT SELECT id FROM teams

(SELECT id FROM people ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM teams ORDER BY id DESC LIMIT 1)

SELECT id FROM people ORDER BY id LIMIT 3

SELECT id FROM people ORDER BY id LIMIT 2, 3

SELECT id FROM people ORDER BY id LIMIT 3 OFFSET 4

SELECT id, age FROM people ORDER BY age, id

SELECT id, age FROM people ORDER BY age DESC, id

SELECT id, score FROM people ORDER BY score IS NULL, score, id

SELECT id FROM people ORDER BY FIELD(level, 'mid', 'high', 'low'), id

SELECT id, age + 1 AS next FROM people ORDER BY next, id

SELECT id, name AS n FROM people ORDER BY n, id

WITH big AS (SELECT * FROM orders WHERE amount > 50) SELECT person_id, COUNT(*) FROM big GROUP BY person_id

WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < 10) SELECT n FROM seq ORDER BY n

WITH a AS (SELECT id, age FROM people), b AS (SELECT AVG(age) AS m FROM a) SELECT a.id FROM a, b WHERE a.age > b.m

SELECT 1 FROM DUAL

SELECT id FROM people FORCE INDEX (PRIMARY) WHERE id = 1

SELECT SQL_NO_CACHE id FROM people WHERE id = 2

SELECT id FROM people WHERE id = 1 FOR UPDATE

SELECT id FROM people WHERE id = 1 LOCK IN SHARE MODE

-- 7 changes
INSERT INTO people (name, age, active) VALUES ('Neu', 5, 1), ('Neu2', NULL, 0)
?? SELECT name, age, active FROM people WHERE name LIKE 'Neu%' ORDER BY name

INSERT INTO people VALUES (NULL, 'Full', NULL, 1, 1.5, 2.5, 0, '2001-01-01', '2001-01-01 01:01:01', 'n', 1, 'low', '{}')
?? SELECT name, age, score, active, born, seen FROM people WHERE name = 'Full'

INSERT INTO people SET name = 'Set', age = 3, active = FALSE
?? SELECT name, age, active FROM people WHERE name = 'Set'

INSERT INTO counters (k, n) SELECT CONCAT('p', id), age FROM people WHERE age IS NOT NULL
?? SELECT k, n FROM counters ORDER BY k

INSERT INTO counters (k, n) VALUES ('a', 5), ('z', 6) ON DUPLICATE KEY UPDATE n = n + VALUES(n)
?? SELECT k, n, m FROM counters ORDER BY k

INSERT INTO counters (k, n, label) VALUES ('b', 7, 'new') ON DUPLICATE KEY UPDATE n = VALUES(n), label = CONCAT(label, '+', VALUES(label))
?? SELECT k, n, label FROM counters ORDER BY k

INSERT IGNORE INTO counters (k, n) VALUES ('a', 100), ('y', 1)
?? SELECT k, n FROM counters ORDER BY k

REPLACE INTO counters (k, n) VALUES ('a', 50), ('x', 2)
?? SELECT k, n, m, label FROM counters ORDER BY k

INSERT INTO counters (k) VALUES ('dflt')
?? SELECT k, n, m FROM counters WHERE k = 'dflt'

INSERT INTO counters VALUES ('d', DEFAULT, NULL, 'x')
?? SELECT k, n, m, label FROM counters WHERE k = 'd'

UPDATE people SET age = age + 1, active = 0 WHERE name = 'ANNA'
?? SELECT id, age, active FROM people ORDER BY id

UPDATE people SET active = (age > 30) WHERE age IS NOT NULL
?? SELECT id, active FROM people WHERE age IS NOT NULL ORDER BY id

UPDATE nums SET a = a + 1, b = a WHERE id = 1
?? SELECT id, a, b FROM nums ORDER BY id

UPDATE people p JOIN teams t ON p.team_id = t.id SET p.note = t.name WHERE t.city = 'Berlin'
?? SELECT id, note FROM people ORDER BY id

UPDATE people p LEFT JOIN orders o ON o.person_id = p.id SET p.age = 99 WHERE o.id IS NULL
?? SELECT id, age FROM people ORDER BY id

UPDATE orders SET qty = 0 ORDER BY id LIMIT 2
?? SELECT id, qty FROM orders ORDER BY id

UPDATE people, teams SET people.note = 'x' WHERE people.team_id = teams.id AND teams.id = 2
?? SELECT id, note FROM people ORDER BY id

UPDATE people SET name = NULL WHERE name = ''
?? SELECT id FROM people WHERE name IS NULL ORDER BY id

DELETE FROM orders WHERE status = 'LOST'
?? SELECT id FROM orders ORDER BY id

DELETE FROM orders ORDER BY amount DESC LIMIT 1
?? SELECT id FROM orders ORDER BY id

DELETE o FROM orders o JOIN people p ON o.person_id = p.id WHERE p.age = 31
?? SELECT id FROM orders ORDER BY id

DELETE FROM o USING orders o JOIN people p ON o.person_id = p.id WHERE p.active = 0
?? SELECT id FROM orders ORDER BY id

DELETE FROM counters
?? SELECT COUNT(*) FROM counters

INSERT INTO counters (k, n) VALUES ('r', 3) RETURNING k, n

DELETE FROM counters WHERE k = 'c' RETURNING k, n, label

INSERT INTO people (name, born, seen) VALUES ('Zero', '2024-1-5', '2024-02-03')
?? SELECT name, born, seen FROM people WHERE name = 'Zero'

-- 8 tables
CREATE TABLE made (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL DEFAULT 'x' COMMENT 'the name', ok TINYINT(1) DEFAULT 1, at DATETIME DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='a table'; INSERT INTO made (name) VALUES ('a'), ('b')
?? SELECT id, name, ok FROM made ORDER BY id

CREATE TABLE made (a INT, b BIGINT UNSIGNED, c MEDIUMTEXT, d DOUBLE, e FLOAT, f DECIMAL(8,3), g DATE, h TIME, i DATETIME(3), j BLOB, KEY (a)); INSERT INTO made VALUES (1, 18446744073709551615, 'text', 1.5, 2.5, 3.125, '2024-01-01', '10:20:30', '2024-01-01 01:02:03.456', NULL)
?? SELECT a, b, c, d, e, f, g, h, i FROM made

CREATE TABLE made (a INT NOT NULL, b INT NOT NULL, s INT GENERATED ALWAYS AS (a + b) STORED, PRIMARY KEY (a, b), UNIQUE KEY u (b), CONSTRAINT pos CHECK (a > 0)); INSERT INTO made (a, b) VALUES (1, 2), (3, 4)
?? SELECT a, b, s FROM made ORDER BY a

CREATE TABLE made (id INT PRIMARY KEY, state ENUM('new','done') NOT NULL DEFAULT 'new'); INSERT INTO made (id) VALUES (1); INSERT INTO made VALUES (2, 'done')
?? SELECT id, state FROM made ORDER BY id

CREATE TABLE made_a (id INT PRIMARY KEY); CREATE TABLE made_b (id INT PRIMARY KEY, a_id INT, CONSTRAINT fk FOREIGN KEY (a_id) REFERENCES made_a (id) ON DELETE CASCADE); INSERT INTO made_a VALUES (1), (2); INSERT INTO made_b VALUES (10, 1), (20, 2); DELETE FROM made_a WHERE id = 1
?? SELECT id, a_id FROM made_b

CREATE TABLE made (id INT); ALTER TABLE made ADD COLUMN name VARCHAR(10) NOT NULL DEFAULT 'n' AFTER id, ADD COLUMN x INT; ALTER TABLE made DROP COLUMN x; INSERT INTO made (id) VALUES (1)
?? SELECT id, name FROM made

CREATE TABLE made (id INT, v VARCHAR(5)); ALTER TABLE made MODIFY v VARCHAR(50) NOT NULL DEFAULT 'd'; ALTER TABLE made CHANGE id num BIGINT; INSERT INTO made (num) VALUES (5)
?? SELECT num, v FROM made

CREATE TABLE made (id INT, v INT); CREATE INDEX made_v ON made (v DESC); CREATE UNIQUE INDEX made_u ON made (id); INSERT INTO made VALUES (1, 2)
?? SELECT id, v FROM made

CREATE TABLE made AS SELECT id, name FROM teams WHERE id < 3
?? SELECT id, name FROM made ORDER BY id

CREATE VIEW made_view AS SELECT id, IFNULL(age, 0) AS age FROM people WHERE active = 1
?? SELECT id, age FROM made_view ORDER BY id

CREATE TABLE made (id INT PRIMARY KEY, name VARCHAR(10), KEY idx (name(5))); INSERT INTO made VALUES (1, 'x'); TRUNCATE TABLE made; INSERT INTO made VALUES (2, 'y')
?? SELECT id FROM made

CREATE TABLE made (id INT); RENAME TABLE made TO made2; INSERT INTO made2 VALUES (4)
?? SELECT id FROM made2

CREATE TABLE made (id INT); DROP TABLE made; CREATE TABLE IF NOT EXISTS made (id INT, v BOOLEAN DEFAULT FALSE); INSERT INTO made (id) VALUES (8)
?? SELECT id, v FROM made

-- 12 traps
SELECT id FROM people WHERE note = ''

SELECT id FROM people WHERE name = '' OR name IS NULL

SELECT id, name FROM people WHERE age IN (25, '31', 47.0)

SELECT id FROM people ORDER BY score DESC, id DESC

SELECT MAX(id), name FROM people WHERE id = 1

SELECT p.team_id, t.name, COUNT(*) FROM people p JOIN teams t ON t.id = p.team_id GROUP BY t.id, p.team_id

SELECT id FROM people WHERE NULL

SELECT 0 = 'abc', '1' = 1, NULL IN (1, 2), 1 IN (1, NULL)

SELECT id, CONCAT('a', NULL), IFNULL(CONCAT(name, NULL), 'none') FROM people WHERE id = 1

SELECT id FROM orders WHERE amount = 120

SELECT id FROM orders WHERE amount = '120.00'

SELECT id, qty / 4 * 4, qty * 1.0 / 3 FROM orders

SELECT id FROM nums WHERE a % 2 = 1 OR a % 2 = -1

SELECT 10 - 3 - 2, 2 * (3 + 4), -(-3), - -3, 100 / 10 / 5

SELECT NOT 0 = 1, NOT (0 = 1), 1 + 1 = 2, 3 > 2 > 1

SELECT id FROM people WHERE NOT (age > 30 OR active)

SELECT id FROM people WHERE !active

SELECT id, name FROM people p WHERE p.name LIKE CONCAT('%', 'o', '%')

SELECT id FROM people WHERE born IS NOT NULL AND born < seen

SELECT IF(name = '', 'empty', name) FROM people

SELECT team_id, COUNT(*), MAX(name) FROM people GROUP BY team_id

SELECT DISTINCT name FROM people WHERE name IS NOT NULL

SELECT id, name FROM people UNION ALL SELECT id, 5 FROM teams

SELECT id FROM people WHERE DATE_FORMAT(seen, '%Y-%m') = '2024-01'

SELECT id FROM orders WHERE placed > NOW() - INTERVAL 100 YEAR

SELECT SUM(amount * qty) / SUM(qty), ROUND(SUM(amount) / COUNT(DISTINCT person_id), 2) FROM orders

SELECT COALESCE(SUM(amount), 0), MAX(placed), MIN(placed) FROM orders WHERE 1 = 0

SELECT name, LENGTH(name) l FROM people WHERE name IS NOT NULL ORDER BY l DESC, name LIMIT 3

SELECT id, RANK() OVER (PARTITION BY team_id ORDER BY score DESC) r FROM people

UPDATE people SET age = (SELECT MAX(qty) FROM orders o WHERE o.person_id = people.id)
?? SELECT id, age FROM people ORDER BY id

DELETE FROM orders WHERE person_id IN (SELECT id FROM people WHERE active = 0)
?? SELECT id FROM orders ORDER BY id

INSERT INTO counters VALUES ('a', 1, 2, 'x') ON DUPLICATE KEY UPDATE n = IF(n > 5, n, VALUES(n) + 10), m = VALUES(m)
?? SELECT k, n, m, label FROM counters ORDER BY k

UPDATE counters SET n = n + 1, m = n * 2
?? SELECT k, n, m FROM counters ORDER BY k

SELECT p.id, o.id FROM people p JOIN orders o ON p.id <=> o.person_id

SELECT t.*, p.id AS pid FROM teams t LEFT JOIN people p ON p.team_id = t.id ORDER BY t.id, p.id

SELECT COUNT(*) FROM people HAVING COUNT(*) > 1

SELECT id, DATE_ADD(seen, INTERVAL (1 + 1) DAY), seen + INTERVAL -1 HOUR FROM people

SELECT id, COUNT(*) OVER (PARTITION BY name) FROM people WHERE name IS NOT NULL

SELECT COUNT(DISTINCT CASE WHEN age > 20 THEN team_id END) FROM people

SELECT YEAR(placed) y, SUM(amount) FROM orders GROUP BY y ORDER BY y DESC

SELECT status, ROUND(AVG(amount), 1) a FROM orders GROUP BY status ORDER BY a DESC, status

SELECT id FROM people WHERE email LIKE '%@example.com' AND name NOT LIKE 'z%'

SELECT name, score FROM people WHERE score = (SELECT MAX(score) FROM people)

SELECT id, IFNULL(NULLIF(name, ''), 'anonymous') FROM people

SELECT CONCAT('Total: ', SUM(amount)), CONCAT(AVG(qty), '') FROM orders

SELECT id, amount DIV qty, amount MOD qty, amount / qty FROM orders

SELECT id, qty + '1', qty * '2.5', qty - 'x' FROM orders

SELECT team_id, AVG(score), AVG(age), SUM(score) / COUNT(score) FROM people GROUP BY team_id

SELECT a.name, b.name FROM people a JOIN people b ON a.name = UPPER(b.name)

SELECT id FROM people WHERE team_id = 1 OR team_id IS NULL ORDER BY team_id DESC, id LIMIT 2

SELECT MONTH(placed) m, COUNT(*) c FROM orders GROUP BY m HAVING c > 1 ORDER BY c DESC, m

SELECT id, CASE WHEN name LIKE 'a%' THEN 'A' WHEN name REGEXP '^b' THEN 'B' ELSE 'other' END FROM people

SELECT id, TIMESTAMPDIFF(YEAR, born, seen), TIMESTAMPDIFF(MONTH, born, seen) FROM people

SELECT LOWER('ÄÖ'), UPPER('straße'), CHAR_LENGTH('😀'), LENGTH('😀')

SELECT id, extra FROM people WHERE id IN (2, 7)

SELECT EXISTS (SELECT 1 FROM people WHERE age > 100), (SELECT name FROM teams WHERE id = 1)
