-- 1 types and casts
SELECT '12'::int, '1.5'::numeric, CAST('7' AS bigint)

SELECT 1.5::int, 2.5::int, -1.5::int

SELECT id, age::text FROM people

SELECT id, score::text FROM people

SELECT id, active::text FROM people

SELECT id, active::int FROM people

SELECT id, age::bool FROM people

SELECT id, born::text, seen::date FROM people

SELECT id, born::timestamp FROM people

SELECT id, seen::text FROM people

SELECT '2024-02-03'::date, '2024-02-03 04:05:06'::timestamp, DATE '2024-01-01', TIMESTAMP '2024-01-01 01:02:03'

SELECT id, score::int FROM people

SELECT id, a::numeric(20,3) FROM nums

SELECT id, score::double precision FROM people

SELECT id, name::varchar(2) FROM people

SELECT 'true'::boolean, 'f'::boolean, 1::boolean

SELECT id FROM people WHERE active

SELECT id FROM people WHERE NOT active

SELECT id FROM people WHERE active = true

SELECT id FROM people WHERE active IS TRUE AND age IS NOT NULL

SELECT id, age > 30, active AND age > 30 FROM people

SELECT active, count(*) FROM people GROUP BY active

SELECT id FROM people WHERE active AND (age > 30) IS NOT FALSE

SELECT id, (age > 30) IS UNKNOWN FROM people

SELECT true, false, NOT true

SELECT f::int FROM nums WHERE id < 5

-- 2 literals and quoting
SELECT 'it''s', E'tab\there', E'a\\b', $$dollar's$$, 'back\slash'

SELECT "id", "name" FROM "people" WHERE "id" = 1

SELECT p.id AS "Person Id", p.name "select" FROM people p

SELECT ID, Name FROM PEOPLE WHERE ID < 3

SELECT '\x4142'::bytea = 'AB'::bytea

SELECT id FROM people WHERE note = 'it''s a \ backslash'

SELECT id /* a /* nested */ comment */ FROM people -- end

SELECT '😀', 'ünï'

SELECT 1.50, .5, 1e3, -2

SELECT id FROM people WHERE note LIKE '%😀%'

-- 3 dates
SELECT id, born + 1, born - 7 FROM people

SELECT id, born + interval '1 day' FROM people

SELECT id, born + interval '1 month' FROM people

SELECT id, seen + interval '90 minutes', seen - interval '1 week' FROM people

SELECT id, seen + interval '1 year 2 months 3 days' FROM people

SELECT id, seen + interval '1 day 02:30:00' FROM people

SELECT id, seen + '3 hours'::interval FROM people

SELECT id, seen + age * interval '1 day' FROM people

SELECT id, seen::date - born FROM people

SELECT DATE '2024-03-01' - DATE '2024-02-01'

SELECT id, extract(epoch FROM seen) FROM people

SELECT id, extract(year FROM born), extract(month FROM born), extract(day FROM born), extract(quarter FROM born) FROM people

SELECT id, extract(dow FROM born), extract(isodow FROM born), extract(doy FROM born), extract(week FROM born), extract(isoyear FROM born) FROM people

SELECT id, extract(hour FROM seen), extract(minute FROM seen), extract(second FROM seen) FROM people

SELECT id, date_part('year', seen) FROM people

SELECT id, date_trunc('month', seen), date_trunc('day', seen), date_trunc('year', seen) FROM people

SELECT id, date_trunc('week', seen), date_trunc('quarter', seen), date_trunc('hour', seen), date_trunc('minute', seen) FROM people

SELECT id, to_char(seen, 'YYYY-MM-DD HH24:MI:SS') FROM people

SELECT id, to_char(seen, 'DD/MM/YY HH12:MI AM') FROM people

SELECT id, to_char(seen, 'FMDay, FMDD FMMonth YYYY') FROM people

SELECT id, to_char(born, 'Dy Mon DDD'), to_char(born, 'IYYY-"W"IW') FROM people

SELECT to_date('03/04/2024', 'DD/MM/YYYY')

SELECT to_timestamp(1700000000)

SELECT make_date(2024, 2, 29)

SELECT id FROM orders WHERE placed >= '2024-02-01' AND placed < '2024-03-01'

SELECT id FROM orders WHERE placed BETWEEN '2024-01-01' AND '2024-01-31 23:59:59'

SELECT id FROM people WHERE born = '1996-02-29'

SELECT id FROM orders WHERE placed::date = '2024-02-01'

SELECT id FROM orders WHERE date_trunc('month', placed) = '2024-01-01'

SELECT date_trunc('month', placed), count(*) FROM orders GROUP BY 1 ORDER BY 1

SELECT current_date = now()::date, now() >= current_date

SELECT id FROM orders WHERE placed > TIMESTAMP '2024-03-01 00:00:00' - interval '30 days'

-- 4 strings
SELECT id, name || ' <' || email || '>' FROM people

SELECT id, name || age FROM people

SELECT id, name || active FROM people

SELECT id, concat(name, ' ', email, age) FROM people

SELECT id, concat_ws(', ', name, email, note) FROM people

SELECT id, length(note), char_length(note), octet_length(note), bit_length(name) FROM people

SELECT id, substring(name, 2), substr(name, 1, 2), substring(name FROM 2 FOR 2) FROM people

SELECT substring('abcdef', 0, 3), substring('abcdef', -1, 4), substr('abcdef', 3)

SELECT id, left(name, 2), right(name, 2), left(name, -1), right(name, -1) FROM people

SELECT id, strpos(email, '@'), position('e' IN email) FROM people

SELECT id, strpos(name, 'A') FROM people

SELECT id, split_part(email, '@', 1), split_part(email, '@', 2), split_part(email, '@', 3) FROM people

SELECT id, upper(name), lower(email) FROM people

SELECT id, lpad(name, 6, '*'), rpad(name, 3, '-'), lpad(name, 3) FROM people

SELECT trim('  x  '), ltrim('  x'), rtrim('x  '), trim(BOTH '-' FROM '--x--'), btrim('xyabcyx', 'xy'), ltrim('zzabc', 'z')

SELECT id, replace(email, '.com', '.net'), reverse(name), repeat(name, 2) FROM people

SELECT ascii('A'), chr(66), to_hex(255), md5('abc')

SELECT id, md5(name) FROM people

SELECT overlay('Txxxxas' placing 'hom' from 2 for 4)

SELECT id FROM people WHERE name LIKE 'A%'

SELECT id FROM people WHERE name ILIKE 'a%'

SELECT id FROM people WHERE name NOT ILIKE '%a%'

SELECT id FROM people WHERE email LIKE '%@Example%'

SELECT id FROM people WHERE note LIKE '100\%%'

SELECT id FROM people WHERE note LIKE '%!_%' ESCAPE '!'

SELECT id FROM people WHERE name = 'anna'

SELECT id FROM people WHERE name = 'Anna'

SELECT id FROM people WHERE name <> 'Anna'

SELECT id FROM people WHERE name IN ('anna', 'bob')

SELECT id FROM people WHERE name NOT IN ('anna', 'bob')

SELECT id FROM people WHERE name > 'a'

SELECT id FROM people WHERE name BETWEEN 'A' AND 'Z'

SELECT id, name FROM people ORDER BY name, id

SELECT id, email FROM people ORDER BY email DESC, id

SELECT id, code FROM orders ORDER BY code, id

SELECT id FROM people WHERE name ~ '^[A-C]'

SELECT id FROM people WHERE name ~* '^[a-c]'

SELECT id FROM people WHERE name !~ 'a'

SELECT id FROM people WHERE note ~ '\ywords\y'

SELECT id, regexp_replace(email, '[aeiou]', '*', 'g') FROM people

SELECT id, regexp_replace(email, '([a-z]+)@([a-z]+)', '\2 at \1', 'g') FROM people

SELECT count(DISTINCT name), count(DISTINCT code) FROM people, orders

SELECT team_id, string_agg(name, ',' ORDER BY id) FROM people GROUP BY team_id

SELECT string_agg(DISTINCT status, '|' ORDER BY status) FROM orders

SELECT team_id, string_agg(id::text, ', ' ORDER BY id DESC) FROM people GROUP BY team_id

SELECT code, count(*) FROM orders GROUP BY code

SELECT name, count(*) FROM people GROUP BY name HAVING count(*) = 1

SELECT min(name), max(name) FROM people WHERE name <> ''

SELECT DISTINCT code FROM orders

SELECT starts_with(name, 'A'), id FROM people

SELECT id FROM people WHERE name COLLATE "C" < 'a'

-- 5 JSON
SELECT id, extra->'a'->'b' FROM people

SELECT id, extra->>'s' FROM people

SELECT id, extra#>>'{a,b}' FROM people

SELECT id, extra->'tags'->>0 FROM people

SELECT id FROM people WHERE extra->>'s' = 'text'

SELECT id FROM people WHERE (extra->>'n')::numeric > 1

SELECT id FROM people WHERE extra @> '{"n": 5}'

SELECT id FROM people WHERE extra ? 'tags'

SELECT id, jsonb_array_length(extra->'tags') FROM people WHERE extra ? 'tags'

SELECT jsonb_build_object('a', 1, 'b', 'two', 'c', NULL), jsonb_build_array(1, 'x', NULL)

SELECT id, jsonb_build_object('id', id, 'name', name) FROM people

SELECT jsonb_agg(id ORDER BY id) FROM teams

SELECT jsonb_object_agg(name, id) FROM teams

SELECT id, jsonb_typeof(extra->'tags'), jsonb_typeof(extra->'n') FROM people

SELECT id, extra->'s' FROM people WHERE id = 1

-- 6 aggregates, windows, conditions
SELECT 7/2, -7/2, 7 % 2, -7 % 2, 7/2.0, 7.0/2

SELECT id, a/b, a % b FROM nums WHERE b <> 0

SELECT id, d/3, d*a, d + 1 FROM nums

SELECT id, f/2, f + a FROM nums

SELECT id, score/age FROM people WHERE age <> 0

SELECT 1/3, 1.0/3, 10/3.0, 2/3::numeric

SELECT sum(a), avg(d), sum(d), avg(f), sum(f) FROM nums WHERE id < 7

SELECT avg(age), avg(score) FROM people

SELECT id, round(d, 2), round(d), trunc(d, 1), ceil(d), floor(d), abs(a), sign(a) FROM nums

SELECT round(2.5), round(-2.5), round(1234.567, -2), trunc(-1.999, 2)

SELECT power(2, 10), sqrt(16), exp(0), ln(1), log(1000), log(2, 8), pi(), 2 ^ 3

SELECT greatest(1, 5, 3), least(4, 2), greatest(1, NULL), least(NULL, 2.5)

SELECT id, greatest(a, b), least(a, b) FROM nums

SELECT id, coalesce(score, age, 0), nullif(age, 25) FROM people

SELECT id, nullif(name, 'ANNA'), nullif(name, 'Anna') FROM people

SELECT id, CASE WHEN age IS NULL THEN 'unknown' WHEN age < 30 THEN 'young' ELSE 'old' END FROM people

SELECT id, CASE status WHEN 'PAID' THEN 1 WHEN 'paid' THEN 2 ELSE 0 END FROM orders

SELECT count(*) FILTER (WHERE status = 'paid'), sum(amount) FILTER (WHERE qty > 3) FROM orders

SELECT status, avg(qty) FILTER (WHERE qty > 1), max(amount) FILTER (WHERE qty > 100) FROM orders GROUP BY status

SELECT bool_or(active), bool_and(active), every(age > 1) FROM people WHERE age IS NOT NULL

SELECT count(*), count(age), count(DISTINCT age), min(age), max(age) FROM people

SELECT stddev(a), stddev_pop(a), stddev_samp(a), variance(a), var_pop(a) FROM nums WHERE id < 5

SELECT bit_and(qty), bit_or(qty) FROM orders

SELECT status, count(*) AS c FROM orders GROUP BY status HAVING count(*) > 1 ORDER BY c DESC, status

SELECT team_id, count(*) FROM people GROUP BY ROLLUP (team_id)

SELECT id, row_number() OVER (PARTITION BY status ORDER BY placed) FROM orders

SELECT id, rank() OVER (ORDER BY age), dense_rank() OVER (ORDER BY age DESC) FROM people

SELECT id, sum(amount) OVER (PARTITION BY person_id ORDER BY placed ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM orders

SELECT id, lag(qty) OVER (ORDER BY id), lead(qty, 2, 0) OVER w, first_value(qty) OVER w FROM orders WINDOW w AS (ORDER BY id)

SELECT id, ntile(3) OVER (ORDER BY id), percent_rank() OVER (ORDER BY id) FROM orders

SELECT status, sum(sum(amount)) OVER (ORDER BY status) FROM orders GROUP BY status

SELECT 5 & 3, 5 | 3, 5 # 3, 1 << 4, 16 >> 2, ~5

SELECT NULL IS NOT DISTINCT FROM NULL, 1 IS DISTINCT FROM NULL, 1 IS NOT DISTINCT FROM 1

SELECT id FROM people WHERE name IS NOT DISTINCT FROM 'anna'

SELECT id FROM people WHERE (age, active) = (25, false)

SELECT id FROM people WHERE (age, team_id) IN ((31, 1), (47, 2))

SELECT id FROM people WHERE age = ANY (ARRAY[25, 31])

SELECT id FROM people WHERE age >= ALL (SELECT age FROM people WHERE age IS NOT NULL)

-- 7 joins, sets, limits
SELECT p.id, t.name FROM people p JOIN teams t ON p.team_id = t.id

SELECT p.id, t.id FROM people p LEFT JOIN teams t ON p.team_id = t.id

SELECT p.id, t.id FROM people p FULL JOIN teams t ON p.team_id = t.id

SELECT p.id AS pid, t.id AS tid FROM people p FULL OUTER JOIN teams t ON p.team_id = t.id ORDER BY pid, tid

SELECT p.id, t.id FROM people p FULL JOIN teams t ON p.team_id = t.id WHERE t.city IS NULL

SELECT count(*) FROM people p CROSS JOIN teams t

SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM orders o WHERE o.person_id = p.id AND o.amount > 100)

SELECT id, (SELECT count(*) FROM orders o WHERE o.person_id = p.id) FROM people p

SELECT id FROM people WHERE name IN (SELECT upper(name) FROM people)

SELECT id FROM people UNION SELECT id FROM teams ORDER BY id

SELECT id FROM people EXCEPT SELECT id FROM teams

SELECT id FROM people INTERSECT SELECT id FROM teams ORDER BY 1

(SELECT id FROM people ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM teams ORDER BY id DESC LIMIT 1)

SELECT id FROM people ORDER BY id LIMIT 3 OFFSET 2

SELECT id FROM people ORDER BY id OFFSET 5

SELECT id FROM people ORDER BY id FETCH FIRST 2 ROWS ONLY

SELECT id FROM people ORDER BY id LIMIT ALL

SELECT id, age FROM people ORDER BY age, id

SELECT id, age FROM people ORDER BY age DESC, id

SELECT id, age FROM people ORDER BY age NULLS FIRST, id

SELECT id, age FROM people ORDER BY age DESC NULLS LAST, id

SELECT id, age * 2 AS d FROM people ORDER BY d, id

SELECT age, id FROM people ORDER BY 1, 2

SELECT DISTINCT ON (person_id) person_id, id, amount FROM orders ORDER BY person_id, placed DESC

SELECT DISTINCT ON (status) status, id FROM orders ORDER BY status, amount DESC, id

SELECT DISTINCT age FROM people ORDER BY age

WITH big AS (SELECT * FROM orders WHERE amount > 50) SELECT person_id, count(*) FROM big GROUP BY person_id

WITH RECURSIVE seq(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < 10) SELECT n FROM seq ORDER BY n

WITH m AS MATERIALIZED (SELECT id, age FROM people) SELECT count(*) FROM m WHERE age > 30

SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(id, name)

SELECT v.id, t.name FROM (VALUES (1), (3)) AS v(id) JOIN teams t ON t.id = v.id

SELECT n FROM generate_series(1, 5) AS g(n)

SELECT g * 2 FROM generate_series(2, 10, 4) AS g

SELECT x.n FROM (SELECT team_id, count(*) AS n FROM people GROUP BY team_id) AS x WHERE x.n > 1

SELECT id FROM people WHERE id = 1 FOR UPDATE

SELECT id FROM people WHERE id = 1 FOR SHARE

-- 7 changes
INSERT INTO people (name, age, active) VALUES ('Neu', 5, true), ('Neu2', NULL, false)
?? SELECT name, age, active FROM people WHERE name LIKE 'Neu%' ORDER BY name

INSERT INTO people (id, name, born, seen) VALUES (DEFAULT, 'Dflt', '2024-01-05', '2024-02-03')
?? SELECT name, born, seen, active FROM people WHERE name = 'Dflt'

INSERT INTO counters (k, n) SELECT 'p' || id, age FROM people WHERE age IS NOT NULL
?? SELECT k, n FROM counters ORDER BY k

INSERT INTO counters (k, n) VALUES ('a', 5), ('z', 6) ON CONFLICT (k) DO UPDATE SET n = counters.n + EXCLUDED.n
?? SELECT k, n, m FROM counters ORDER BY k

INSERT INTO counters AS c (k, n, label) VALUES ('b', 7, 'new') ON CONFLICT (k) DO UPDATE SET n = EXCLUDED.n, label = 'x'
?? SELECT k, n, label FROM counters ORDER BY k

INSERT INTO counters (k, n) VALUES ('a', 5), ('b', -5) ON CONFLICT (k) DO UPDATE SET n = EXCLUDED.n WHERE counters.n < EXCLUDED.n
?? SELECT k, n FROM counters ORDER BY k

INSERT INTO counters (k, n) VALUES ('a', 100), ('y', 1) ON CONFLICT DO NOTHING
?? SELECT k, n FROM counters ORDER BY k

INSERT INTO counters (k, n) VALUES ('b', 100), ('w', 1) ON CONFLICT (k) DO NOTHING
?? SELECT k, n FROM counters ORDER BY k

INSERT INTO counters (k, n) VALUES ('r', 3) RETURNING k, n + 1 AS more

DELETE FROM counters WHERE k = 'c' RETURNING *

UPDATE people SET age = age + 1, active = false WHERE name = 'Anna'
?? SELECT id, age, active FROM people ORDER BY id

UPDATE people SET active = age > 30 WHERE age IS NOT NULL
?? SELECT id, active FROM people ORDER BY id

UPDATE people SET note = t.name FROM teams t WHERE people.team_id = t.id AND t.city = 'Berlin'
?? SELECT id, note FROM people ORDER BY id

UPDATE people AS p SET age = 99 FROM orders o WHERE o.person_id = p.id AND o.amount > 100
?? SELECT id, age FROM people ORDER BY id

UPDATE nums SET a = b, b = a WHERE id = 1
?? SELECT id, a, b FROM nums ORDER BY id

DELETE FROM orders WHERE status = 'LOST'
?? SELECT id FROM orders ORDER BY id

DELETE FROM orders USING people p WHERE orders.person_id = p.id AND p.age = 31
?? SELECT id FROM orders ORDER BY id

DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY amount DESC LIMIT 1)
?? SELECT id FROM orders ORDER BY id

INSERT INTO counters (k, n) SELECT k || '2', n FROM counters
?? SELECT k, n FROM counters ORDER BY k

-- 8 tables
CREATE TABLE made (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x', ok boolean DEFAULT true, at timestamp DEFAULT now()); INSERT INTO made (name) VALUES ('a'), ('b')
?? SELECT id, name, ok FROM made ORDER BY id

CREATE TABLE made (id serial PRIMARY KEY, big bigint, t text, d double precision, e real, f numeric(8,3), g date, h time, i timestamp(3), j bytea); INSERT INTO made (big, t, d, e, f, g, h, i) VALUES (9223372036854775807, 'text', 1.5, 2.5, 3.125, '2024-01-01', '10:20:30', '2024-01-01 01:02:03.456')
?? SELECT id, big, t, d, e, f, g, h, i FROM made

CREATE TABLE made (a integer NOT NULL, b integer NOT NULL, s integer GENERATED ALWAYS AS (a + b) STORED, PRIMARY KEY (a, b), UNIQUE (b), CONSTRAINT pos CHECK (a > 0)); INSERT INTO made (a, b) VALUES (1, 2), (3, 4)
?? SELECT a, b, s FROM made ORDER BY a

CREATE TABLE made_a (id integer PRIMARY KEY); CREATE TABLE made_b (id integer PRIMARY KEY, a_id integer REFERENCES made_a (id) ON DELETE CASCADE); INSERT INTO made_a VALUES (1), (2); INSERT INTO made_b VALUES (10, 1), (20, 2); DELETE FROM made_a WHERE id = 1
?? SELECT id, a_id FROM made_b

CREATE TABLE made (id integer, u uuid, j jsonb); INSERT INTO made VALUES (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}')
?? SELECT id, u FROM made

CREATE TABLE made (id integer); ALTER TABLE made ADD COLUMN name varchar(10) NOT NULL DEFAULT 'n'; ALTER TABLE made ADD COLUMN IF NOT EXISTS x integer; ALTER TABLE made DROP COLUMN x; ALTER TABLE made RENAME COLUMN id TO num; INSERT INTO made (num) VALUES (1)
?? SELECT num, name FROM made

CREATE TABLE made (id integer, v integer); CREATE INDEX made_v ON made (v DESC); CREATE UNIQUE INDEX made_u ON made (id); INSERT INTO made VALUES (1, 2)
?? SELECT id, v FROM made

CREATE TABLE made AS SELECT id, name FROM teams WHERE id < 3
?? SELECT id, name FROM made ORDER BY id

CREATE OR REPLACE VIEW made_view AS SELECT id, coalesce(age, 0) AS age FROM people WHERE active
?? SELECT id, age FROM made_view ORDER BY id

CREATE TABLE made (id integer PRIMARY KEY); INSERT INTO made VALUES (1); TRUNCATE made; ALTER TABLE made RENAME TO made2; INSERT INTO made2 VALUES (2)
?? SELECT id FROM made2

CREATE TABLE made (name varchar(10) UNIQUE); INSERT INTO made VALUES ('a'), ('A'), ('a ')
?? SELECT count(*) FROM made

CREATE TABLE made (id integer DEFAULT 5, v text DEFAULT 'x', ok boolean DEFAULT false); INSERT INTO made (v) VALUES ('y'); INSERT INTO made DEFAULT VALUES
?? SELECT id, ok FROM made

-- 12 traps
SELECT id FROM people WHERE note = ''

SELECT id FROM people ORDER BY score DESC, id DESC

SELECT 10 - 3 - 2, 2 * (3 + 4), -(-3), 100 / 10 / 5, 2 + 3 || 'x'

SELECT NOT (1 = 2), 1 + 1 = 2, NULL::int IS NULL

SELECT id FROM people WHERE (name = 'Anna') = true

SELECT id, qty / 4 * 4, qty * 1.0 / 3 FROM orders

SELECT p.id, p.name, count(o.id) FROM people p LEFT JOIN orders o ON o.person_id = p.id GROUP BY p.id

SELECT 'a' = 'A', 'a' = 'a ', 'é' = 'e'

SELECT id FROM orders WHERE code IN (SELECT code FROM orders WHERE code LIKE 'a%')

SELECT status FROM orders WHERE qty > 3 GROUP BY status HAVING max(code) > 'a'

SELECT id, age FROM people WHERE age BETWEEN 25 AND 40 AND NOT (age = 31)

SELECT id, extract(epoch FROM (placed - TIMESTAMP '2024-01-01 00:00:00')) FROM orders

SELECT id, date_trunc('month', placed)::date FROM orders

SELECT id, coalesce(name, '') || '!' FROM people

SELECT id, lead(qty, 1, 0) OVER (ORDER BY id) FROM orders

SELECT count(DISTINCT lower(name)), count(DISTINCT name) FROM people

SELECT id, interval '1 day' * 3 + seen FROM people

SELECT status, array_to_string(array_agg(id), ',') FROM orders GROUP BY status

SELECT p.name, sum(o.amount) FROM people p JOIN orders o ON o.person_id = p.id GROUP BY p.name ORDER BY sum(o.amount) DESC

SELECT id, rank() OVER (PARTITION BY team_id ORDER BY score DESC NULLS LAST) FROM people

SELECT upper(name) AS n FROM people WHERE name IS NOT NULL ORDER BY n

SELECT name FROM people UNION SELECT name FROM teams ORDER BY name

SELECT id FROM people WHERE lower(email) LIKE '%@example.com'

SELECT id FROM people WHERE name SIMILAR TO 'A%'

UPDATE people SET note = (SELECT t.name FROM teams t WHERE t.id = people.team_id)
?? SELECT id, note FROM people ORDER BY id

SELECT id, mod(age, 7), div(age, 7) FROM people

SELECT EXISTS (SELECT 1 FROM people WHERE age > 100), (SELECT name FROM teams WHERE id = 1)

SELECT id, CASE WHEN active THEN 'yes' ELSE 'no' END FROM people

SELECT to_char(placed, 'YYYY-MM') AS m, sum(amount) FROM orders GROUP BY to_char(placed, 'YYYY-MM') ORDER BY m
