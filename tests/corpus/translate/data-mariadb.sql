CREATE TABLE teams (
  id INT NOT NULL PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  city VARCHAR(40),
  founded DATE,
  UNIQUE KEY team_name (name)
);
CREATE TABLE people (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(50),
  email VARCHAR(80),
  age INT,
  score DECIMAL(10,2),
  ratio DOUBLE,
  active TINYINT(1) NOT NULL DEFAULT 1,
  born DATE,
  seen DATETIME,
  note TEXT,
  team_id INT,
  level ENUM('low','mid','high'),
  extra JSON
);
CREATE TABLE orders (
  id BIGINT NOT NULL PRIMARY KEY,
  person_id INT,
  amount DECIMAL(12,2) NOT NULL,
  qty INT NOT NULL,
  placed DATETIME NOT NULL,
  status VARCHAR(20) NOT NULL,
  code VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
);
CREATE TABLE counters (
  k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
  n INT NOT NULL DEFAULT 0,
  m INT,
  label VARCHAR(20)
);
CREATE TABLE nums (
  id INT NOT NULL PRIMARY KEY,
  a INT,
  b INT,
  d DECIMAL(12,4),
  f DOUBLE,
  t VARCHAR(20)
);
INSERT INTO teams VALUES (1,'Red','Berlin','1999-05-01'),(2,'Blue','Łódź','2005-12-31'),(3,'green',NULL,NULL),(4,'Empty','',NULL);
INSERT INTO people VALUES
 (1,'Anna','anna@example.com',31,10.50,0.5,1,'1990-01-31','2024-01-15 10:20:30','likes tea',1,'high','{"a": {"b": 1}, "tags": ["x", "y"], "n": 5, "s": "text"}'),
 (2,'bob','BOB@Example.com',25,NULL,2.25,0,'1996-02-29','2024-02-29 23:59:59','',1,'low','{"a": {"b": 2}, "tags": [], "n": 7.5, "s": null}'),
 (3,'Carla',NULL,NULL,-3.25,NULL,1,NULL,NULL,NULL,2,'mid',NULL),
 (4,'dave','dave@test.org',47,99.99,-1.5,1,'1977-12-25','2023-12-31 00:00:00','100% sure_thing',2,NULL,'{"tags": ["z"], "s": "Quote \\" here"}'),
 (5,'Eve','eve@test.org',25,10.50,100,0,'1999-07-04','2024-03-10 12:00:00','it''s a \\ backslash',NULL,'high','{"n": -2}'),
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
