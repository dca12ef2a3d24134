CREATE TABLE teams (
  id integer NOT NULL PRIMARY KEY,
  name varchar(40) NOT NULL UNIQUE,
  city varchar(40),
  founded date
);
CREATE TABLE people (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name varchar(50),
  email varchar(80),
  age integer,
  score numeric(10,2),
  ratio REAL,
  active boolean NOT NULL DEFAULT 1,
  born date,
  seen DATETIME,
  note text,
  team_id integer,
  level text CHECK (level IN ('low','mid','high')),
  extra TEXT
);
CREATE TABLE orders (
  id bigint NOT NULL PRIMARY KEY,
  person_id integer,
  amount numeric(12,2) NOT NULL,
  qty integer NOT NULL,
  placed DATETIME NOT NULL,
  status varchar(20) NOT NULL,
  code varchar(20)
);
CREATE TABLE counters (
  k varchar(20) NOT NULL PRIMARY KEY,
  n integer NOT NULL DEFAULT 0,
  m integer,
  label varchar(20)
);
CREATE TABLE nums (
  id integer NOT NULL PRIMARY KEY,
  a integer,
  b integer,
  d numeric(12,4),
  f REAL,
  t varchar(20)
);
INSERT INTO teams VALUES (1,'Red','Berlin','1999-05-01'),(2,'Blue','Łódź','2005-12-31'),(3,'green',NULL,NULL),(4,'Empty','',NULL);
INSERT INTO people VALUES
 (1,'Anna','anna@example.com',31,10.50,0.5,1,'1990-01-31','2024-01-15 10:20:30','likes tea',1,'high','{"a": {"b": 1}, "tags": ["x", "y"], "n": 5, "s": "text"}'),
 (2,'bob','BOB@Example.com',25,NULL,2.25,0,'1996-02-29','2024-02-29 23:59:59','',1,'low','{"a": {"b": 2}, "tags": [], "n": 7.5, "s": null}'),
 (3,'Carla',NULL,NULL,-3.25,NULL,1,NULL,NULL,NULL,2,'mid',NULL),
 (4,'dave','dave@test.org',47,99.99,-1.5,1,'1977-12-25','2023-12-31 00:00:00','100% sure_thing',2,NULL,'{"tags": ["z"], "s": "Quote \" here"}'),
 (5,'Eve','eve@test.org',25,10.50,100,0,'1999-07-04','2024-03-10 12:00:00','it''s a \ backslash',NULL,'high','{"n": -2}'),
 (6,'Zoë','zoe@example.com',38,0.00,0,1,'1986-08-08','2024-06-01 08:30:15','ünïcödé 😀',3,'mid','{"s": "ü"}'),
 (7,'','empty@example.com',0,7.00,3.14159,0,'2000-01-01','2000-01-01 00:00:01','x',3,'low','{}'),
 (8,NULL,NULL,60,1234.56,1e10,1,'1964-10-10','2024-12-31 23:00:00','two words',1,'high','{"n": 0, "s": "false"}');
INSERT INTO orders VALUES
 (101,1,120.00,3,'2024-01-05 09:00:00','paid','AbC'),
 (102,1,75.50,1,'2024-01-20 15:30:00','open','abc'),
 (103,2,19.99,2,'2024-02-01 00:00:00','paid','X-1'),
 (104,4,-5.00,1,'2024-02-10 11:11:11','refund','x-1'),
 (105,5,300.00,10,'2024-03-01 18:45:00','paid',NULL),
 (106,6,42.42,7,'2024-03-31 23:59:59','open','ÄÖ'),
 (107,NULL,1.00,1,'2024-04-15 12:00:00','lost',''),
 (108,8,999999.99,5,'2023-12-31 23:59:59','paid','zz'),
 (109,1,10.10,4,'2024-07-01 07:07:07','open','a_b');
INSERT INTO counters VALUES ('a',1,10,'first'),('b',2,NULL,'second'),('c',-3,30,NULL);
INSERT INTO nums VALUES (1,7,2,7.5000,7.5,'12'),(2,-7,2,-2.5000,-2.5,'12abc'),(3,7,-2,0.3333,0.1,'abc'),(4,0,0,0.0000,0,''),(5,NULL,5,NULL,NULL,NULL),(6,10,3,10.1234,1e3,'-3.5'),(7,2147483647,2,99999.9999,1e15,' 8');
