BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE api_key (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	created INTEGER NOT NULL, 
	expires INTEGER, 
	revoked INTEGER, 
	used INTEGER, 
	rate DOUBLE, 
	PRIMARY KEY (id), 
	UNIQUE (hash)
);
CREATE TABLE app_user (
	user INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	more TEXT, 
	PRIMARY KEY (user), 
	FOREIGN KEY(user) REFERENCES user_key ("row")
);
INSERT INTO "app_user" VALUES(1,1,'{"age":30}');
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	time INTEGER NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	subject TEXT, 
	PRIMARY KEY (seq)
);
CREATE TABLE change (
	seq INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	rows INTEGER NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "change" VALUES(1,'events',1,1,1);
INSERT INTO "change" VALUES(2,'events',2,2,1);
INSERT INTO "change" VALUES(3,'events',3,3,1);
INSERT INTO "change" VALUES(4,'items',1,2,2);
INSERT INTO "change" VALUES(5,'users',1,1,1);
INSERT INTO "change" VALUES(6,'relations',1,1,1);
INSERT INTO "change" VALUES(7,'exposures',1,1,1);
INSERT INTO "change" VALUES(8,'feedback',1,1,1);
CREATE TABLE column_type (
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	dtype TEXT NOT NULL, 
	PRIMARY KEY (kind, name)
);
INSERT INTO "column_type" VALUES('events','user_id',0,'"text"');
INSERT INTO "column_type" VALUES('events','item_id',1,'"text"');
INSERT INTO "column_type" VALUES('events','timestamp',2,'"timestamp"');
INSERT INTO "column_type" VALUES('events','event',3,'"text"');
INSERT INTO "column_type" VALUES('events','value',4,'"float"');
INSERT INTO "column_type" VALUES('events','event_id',5,'"text"');
INSERT INTO "column_type" VALUES('events','device',6,'"text"');
INSERT INTO "column_type" VALUES('events','session_id',7,'"text"');
INSERT INTO "column_type" VALUES('items','item_id',0,'"text"');
INSERT INTO "column_type" VALUES('items','title',1,'"text"');
INSERT INTO "column_type" VALUES('items','tags',2,'{"list": "text"}');
INSERT INTO "column_type" VALUES('users','user_id',0,'"text"');
INSERT INTO "column_type" VALUES('users','age',1,'"int"');
INSERT INTO "column_type" VALUES('relations','source',0,'"text"');
INSERT INTO "column_type" VALUES('relations','target',1,'"text"');
INSERT INTO "column_type" VALUES('exposures','user_id',0,'"text"');
INSERT INTO "column_type" VALUES('exposures','item_id',1,'"text"');
INSERT INTO "column_type" VALUES('exposures','timestamp',2,'"timestamp"');
INSERT INTO "column_type" VALUES('exposures','position',3,'"int"');
INSERT INTO "column_type" VALUES('feedback','user_id',0,'"text"');
INSERT INTO "column_type" VALUES('feedback','event',1,'"text"');
INSERT INTO "column_type" VALUES('feedback','interest',2,'"text"');
CREATE TABLE event (
	seq INTEGER NOT NULL, 
	user INTEGER NOT NULL, 
	item INTEGER NOT NULL, 
	time INTEGER, 
	type INTEGER, 
	value DOUBLE, 
	session TEXT, 
	event_id TEXT, 
	same BLOB NOT NULL, 
	more TEXT, 
	PRIMARY KEY (seq)
);
INSERT INTO "event" VALUES(1,1,1,1704067200000000,1,NULL,NULL,NULL,X'1AC9E1D623D4A93FF476D8B2561F0BE1',NULL);
INSERT INTO "event" VALUES(2,2,2,1704070800000000,1,4.5,NULL,'e1',X'BC8C73C7900965E69B6F278D042F2CDA',NULL);
INSERT INTO "event" VALUES(3,1,2,1704074400000000,1,NULL,'s1',NULL,X'42DDE412B67172122B58E2E6489FD5E1','{"device":"phone"}');
CREATE TABLE event_name (
	"row" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "event_name" VALUES(1,'view');
INSERT INTO "event_name" VALUES(2,'more');
CREATE TABLE exposure (
	seq INTEGER NOT NULL, 
	user INTEGER NOT NULL, 
	item INTEGER NOT NULL, 
	time INTEGER, 
	position INTEGER, 
	session TEXT, 
	event_id TEXT, 
	same BLOB NOT NULL, 
	more TEXT, 
	PRIMARY KEY (seq)
);
INSERT INTO "exposure" VALUES(1,1,1,1704078000000000,1,NULL,NULL,X'FC5AD648D426BFFB87885F7600F8C8EA',NULL);
CREATE TABLE feedback (
	seq INTEGER NOT NULL, 
	user INTEGER NOT NULL, 
	time INTEGER, 
	type INTEGER, 
	interest TEXT, 
	item INTEGER, 
	event_id TEXT, 
	same BLOB NOT NULL, 
	more TEXT, 
	PRIMARY KEY (seq)
);
INSERT INTO "feedback" VALUES(1,2,NULL,2,'tea',NULL,NULL,X'8EE28ADBBA1BA23CC43B9BD6885F592F',NULL);
CREATE TABLE item (
	item INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	more TEXT, 
	PRIMARY KEY (item), 
	FOREIGN KEY(item) REFERENCES item_key ("row")
);
INSERT INTO "item" VALUES(1,2,'{"title":"A","tags":["x","y"]}');
INSERT INTO "item" VALUES(2,1,'{"title":"B","tags":null}');
CREATE TABLE item_key (
	"row" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	item_id TEXT NOT NULL, 
	UNIQUE (item_id)
);
INSERT INTO "item_key" VALUES(1,'a');
INSERT INTO "item_key" VALUES(2,'b');
CREATE TABLE model (
	version TEXT NOT NULL, 
	created TEXT NOT NULL, 
	manifest TEXT NOT NULL, 
	metrics TEXT NOT NULL, 
	PRIMARY KEY (version)
);
CREATE TABLE promotion (
	seq INTEGER NOT NULL, 
	version TEXT NOT NULL, 
	previous TEXT, 
	time TEXT NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE TABLE relation (
	seq INTEGER NOT NULL, 
	source INTEGER NOT NULL, 
	target INTEGER NOT NULL, 
	relation TEXT, 
	time INTEGER, 
	more TEXT, 
	PRIMARY KEY (seq), 
	FOREIGN KEY(source) REFERENCES user_key ("row"), 
	FOREIGN KEY(target) REFERENCES user_key ("row")
);
INSERT INTO "relation" VALUES(1,1,2,NULL,NULL,NULL);
CREATE TABLE user_key (
	"row" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id TEXT NOT NULL, 
	UNIQUE (user_id)
);
INSERT INTO "user_key" VALUES(1,'ann');
INSERT INTO "user_key" VALUES(2,'bob');
CREATE INDEX event_user ON event (user);
CREATE UNIQUE INDEX event_same ON event (same);
CREATE INDEX exposure_user ON exposure (user);
CREATE UNIQUE INDEX exposure_same ON exposure (same);
CREATE INDEX feedback_user ON feedback (user);
CREATE UNIQUE INDEX feedback_same ON feedback (same);
CREATE UNIQUE INDEX item_seq ON item (seq);
CREATE UNIQUE INDEX app_user_seq ON app_user (seq);
CREATE INDEX relation_target ON relation (target);
CREATE UNIQUE INDEX relation_edge ON relation (source, target, relation);
CREATE INDEX change_kind ON change (kind, last);
CREATE VIEW events AS SELECT r.seq, u.user_id, i.item_id, strftime('%Y-%m-%d %H:%M:%f', r.time / 1000000.0, 'unixepoch') AS timestamp, n.name AS event, r.value, r.session AS session_id, r.event_id, r.more FROM event r JOIN user_key u ON u.row = r."user" JOIN item_key i ON i.row = r.item LEFT JOIN event_name n ON n.row = r.type;
CREATE VIEW exposures AS SELECT r.seq, u.user_id, i.item_id, strftime('%Y-%m-%d %H:%M:%f', r.time / 1000000.0, 'unixepoch') AS timestamp, r.position, r.session AS session_id, r.event_id, r.more FROM exposure r JOIN user_key u ON u.row = r."user" JOIN item_key i ON i.row = r.item;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('user_key',2);
INSERT INTO "sqlite_sequence" VALUES('item_key',2);
INSERT INTO "sqlite_sequence" VALUES('event_name',2);
COMMIT;
