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
INSERT INTO "api_key" VALUES('1','shop','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','["ingest", "read"]',1704099600000001,NULL,NULL,1704348000000070,NULL);
INSERT INTO "api_key" VALUES('2','office','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','["admin"]',1704103200000002,1711296000002000,1704312000000060,NULL,NULL);
INSERT INTO "api_key" VALUES('3','report','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','["read"]',1704106800000003,NULL,NULL,NULL,2.5);
CREATE TABLE app_user (
	user INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	more TEXT, 
	PRIMARY KEY (user), 
	FOREIGN KEY(user) REFERENCES user_key ("row")
);
INSERT INTO "app_user" VALUES(1,1,'{"age":20,"city":"Århus"}');
INSERT INTO "app_user" VALUES(2,6,'{"age":41}');
INSERT INTO "app_user" VALUES(3,3,'{"age":20,"city":"Århus"}');
INSERT INTO "app_user" VALUES(4,4,'{"age":20,"city":"Århus"}');
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	time INTEGER NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	subject TEXT, 
	PRIMARY KEY (seq)
);
INSERT INTO "audit" VALUES(1,1704132000000010,'2','fit','{}',NULL);
INSERT INTO "audit" VALUES(2,1704168000000020,'2','export','{}','sha256:1111111111111111111111111111111111111111111111111111111111111111');
INSERT INTO "audit" VALUES(3,1704204000000030,'local','forget','{"rows": 12}','sha256:2222222222222222222222222222222222222222222222222222222222222222');
CREATE TABLE change (
	seq INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	rows INTEGER NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "change" VALUES(1,'items',1,11,11);
INSERT INTO "change" VALUES(2,'users',1,5,5);
INSERT INTO "change" VALUES(3,'events',1,30,30);
INSERT INTO "change" VALUES(4,'events',31,31,1);
INSERT INTO "change" VALUES(5,'events',32,32,1);
INSERT INTO "change" VALUES(6,'events',33,33,1);
INSERT INTO "change" VALUES(7,'events',34,34,1);
INSERT INTO "change" VALUES(8,'events',35,35,1);
INSERT INTO "change" VALUES(9,'events',36,36,1);
INSERT INTO "change" VALUES(10,'relations',1,3,3);
INSERT INTO "change" VALUES(11,'exposures',1,24,24);
INSERT INTO "change" VALUES(12,'feedback',1,4,4);
INSERT INTO "change" VALUES(13,'feedback',5,5,1);
INSERT INTO "change" VALUES(14,'items',12,13,2);
INSERT INTO "change" VALUES(15,'users',6,6,1);
INSERT INTO "change" VALUES(16,'events',37,40,4);
INSERT INTO "change" VALUES(17,'forget',0,0,15);
INSERT INTO "change" VALUES(18,'events',41,41,1);
INSERT INTO "change" VALUES(19,'events',42,42,1);
INSERT INTO "change" VALUES(20,'relations',4,4,1);
INSERT INTO "change" VALUES(21,'model',0,0,0);
INSERT INTO "change" VALUES(22,'model',0,0,0);
INSERT INTO "change" VALUES(23,'model',0,0,0);
CREATE TABLE column_type (
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	dtype TEXT NOT NULL, 
	PRIMARY KEY (kind, name)
);
INSERT INTO "column_type" VALUES('users','user_id',0,'"text"');
INSERT INTO "column_type" VALUES('users','age',1,'"int"');
INSERT INTO "column_type" VALUES('users','city',2,'"text"');
INSERT INTO "column_type" VALUES('relations','source',0,'"text"');
INSERT INTO "column_type" VALUES('relations','target',1,'"text"');
INSERT INTO "column_type" VALUES('relations','relation',2,'"text"');
INSERT INTO "column_type" VALUES('relations','timestamp',3,'"timestamp"');
INSERT INTO "column_type" VALUES('exposures','user_id',0,'"text"');
INSERT INTO "column_type" VALUES('exposures','item_id',1,'"text"');
INSERT INTO "column_type" VALUES('exposures','timestamp',2,'"timestamp"');
INSERT INTO "column_type" VALUES('exposures','position',3,'"int"');
INSERT INTO "column_type" VALUES('exposures','list_id',4,'"text"');
INSERT INTO "column_type" VALUES('exposures','event_id',5,'"text"');
INSERT INTO "column_type" VALUES('feedback','user_id',0,'"text"');
INSERT INTO "column_type" VALUES('feedback','event',1,'"text"');
INSERT INTO "column_type" VALUES('feedback','interest',2,'"text"');
INSERT INTO "column_type" VALUES('feedback','timestamp',3,'"timestamp"');
INSERT INTO "column_type" VALUES('feedback','item_id',4,'"text"');
INSERT INTO "column_type" VALUES('feedback','event_id',5,'"text"');
INSERT INTO "column_type" VALUES('items','item_id',0,'"text"');
INSERT INTO "column_type" VALUES('items','title',1,'"text"');
INSERT INTO "column_type" VALUES('items','category',2,'{"list": "text"}');
INSERT INTO "column_type" VALUES('items','price',3,'"float"');
INSERT INTO "column_type" VALUES('items','available',4,'"bool"');
INSERT INTO "column_type" VALUES('items','since',5,'"date"');
INSERT INTO "column_type" VALUES('items','size',6,'{"struct": {"cm": "float", "box": "text"}}');
INSERT INTO "column_type" VALUES('items','brand',7,'"text"');
INSERT INTO "column_type" VALUES('events','user_id',0,'"text"');
INSERT INTO "column_type" VALUES('events','item_id',1,'"text"');
INSERT INTO "column_type" VALUES('events','timestamp',2,'"timestamp"');
INSERT INTO "column_type" VALUES('events','event',3,'"text"');
INSERT INTO "column_type" VALUES('events','value',4,'"float"');
INSERT INTO "column_type" VALUES('events','session_id',5,'"text"');
INSERT INTO "column_type" VALUES('events','event_id',6,'"text"');
INSERT INTO "column_type" VALUES('events','device',7,'"text"');
INSERT INTO "column_type" VALUES('events','quantity',8,'"float"');
INSERT INTO "column_type" VALUES('events','gift',9,'"bool"');
INSERT INTO "column_type" VALUES('events','tags',10,'{"list": "text"}');
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
INSERT INTO "event" VALUES(1,1,1,1704096000000000,1,NULL,NULL,NULL,X'C129DE7CDA4D1BE6436A9DD18B99D034','{"device":"phone","quantity":null,"gift":null,"tags":null}');
INSERT INTO "event" VALUES(2,2,8,1704106800000003,2,NULL,'s0',NULL,X'CB00094CA48A94ECE7CBA2D3BA50AD9C','{"device":"tablet","quantity":1,"gift":false,"tags":["new"]}');
INSERT INTO "event" VALUES(3,3,4,1704117600000006,3,1.0,'s0','order-2',X'EA73ADE052507BAE726A3E8EA5BF6019','{"device":null,"quantity":2,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(4,4,11,1704128400000009,4,1.5,NULL,NULL,X'6BA6948CEE9BC4AC564BF9E6BEF0E461','{"device":"phone","quantity":3,"gift":false,"tags":[]}');
INSERT INTO "event" VALUES(6,1,3,1704150000000015,2,NULL,'s1',NULL,X'6A8E163DC4FCEB4F769D4E9BE5DE4D6C','{"device":null,"quantity":1,"gift":null,"tags":["new","a \"b\", c"]}');
INSERT INTO "event" VALUES(7,2,10,1704160800000018,3,3.0,NULL,'order-6',X'C20C1776A88B8671A20F7D2B997D8522','{"device":"phone","quantity":2,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(8,3,6,1704171600000021,4,3.5,'s1',NULL,X'BACA0920C060DF3924DDCDB492C20AE4','{"device":"tablet","quantity":3,"gift":false,"tags":["new"]}');
INSERT INTO "event" VALUES(9,4,2,1704182400000024,1,NULL,'s2',NULL,X'1A4B0FE0B90217A8EB20F836D743FA4E','{"device":null,"quantity":null,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(11,1,5,1704204000000030,3,0.5,'s2','order-10',X'4E5595EA068C0F92D5A353CE0BDF579E','{"device":"tablet","quantity":2,"gift":null,"tags":null}');
INSERT INTO "event" VALUES(12,2,1,1704214800000033,4,1.0,'s2',NULL,X'ED14904454FA5AF54D985B4176CDBA38','{"device":null,"quantity":3,"gift":false,"tags":["new","a \"b\", c"]}');
INSERT INTO "event" VALUES(13,3,8,1704225600000036,1,NULL,NULL,NULL,X'0BD29CD601D88AA1473AAC4ECCCE8E7C','{"device":"phone","quantity":null,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(14,4,4,1704236400000039,2,NULL,'s3',NULL,X'954AB2883EFE4F120B24B4A92146E87B','{"device":"tablet","quantity":1,"gift":false,"tags":["new"]}');
INSERT INTO "event" VALUES(16,1,7,1704258000000045,4,3.0,NULL,NULL,X'EB17B3C10D1D78BCBF6A205B2E60FE0A','{"device":"phone","quantity":3,"gift":null,"tags":[]}');
INSERT INTO "event" VALUES(17,2,3,1704268800000048,1,NULL,'s4',NULL,X'E6F445AE1E6351BA35A040121A529579','{"device":"tablet","quantity":null,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(18,3,10,1704279600000051,2,NULL,'s4',NULL,X'6F6A2AAA9D47DFD665396A9E7377EE43','{"device":null,"quantity":1,"gift":false,"tags":["new","a \"b\", c"]}');
INSERT INTO "event" VALUES(19,4,6,1704290400000054,3,0.0,NULL,'order-18',X'62D62CD310B761A5634E4DB27AE003C1','{"device":"phone","quantity":2,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(21,1,9,1704312000000060,1,NULL,'s5',NULL,X'D7050C5B5280D696F8AA745FEC9C858F',NULL);
INSERT INTO "event" VALUES(22,2,5,1704322800000063,2,NULL,NULL,NULL,X'3AABFE5347ACE88DAD509FF7F82DCE56','{"device":"phone","quantity":1,"gift":false,"tags":[]}');
INSERT INTO "event" VALUES(23,3,1,1704333600000066,3,2.0,'s5','order-22',X'69ED3C4CFCB3A271839AE00EBB9B50BE','{"device":"tablet","quantity":2,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(24,4,8,1704344400000069,4,2.5,'s5',NULL,X'C7FE43F134040031212EE2297FE51066','{"device":null,"quantity":3,"gift":false,"tags":["new","a \"b\", c"]}');
INSERT INTO "event" VALUES(26,1,11,1704366000000075,2,NULL,'s6',NULL,X'55AFCF0DF4FE457A9A4C7C3328B951ED','{"device":"tablet","quantity":1,"gift":null,"tags":["new"]}');
INSERT INTO "event" VALUES(27,2,7,1704376800000078,3,4.0,'s6','order-26',X'AD2EA370514BC2E84C005E69CAC3C109','{"device":null,"quantity":2,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(28,3,3,1704387600000081,4,0.0,NULL,NULL,X'EB03FB7B682B8D74FC3C5693B467181A','{"device":"phone","quantity":3,"gift":false,"tags":[]}');
INSERT INTO "event" VALUES(29,4,10,1704398400000084,1,NULL,'s7',NULL,X'4E0760CF17F68C87012236690770C466','{"device":"tablet","quantity":null,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(31,1,2,1704420000000090,3,1.5,NULL,'order-30',X'F0C01589882C7BA0B7C5A1688FA7BCA9','{"device":"phone","quantity":2}');
INSERT INTO "event" VALUES(32,2,9,1704430800000093,4,2.0,'s7',NULL,X'6714DF82B735A4450796A043CB662BCC','{"device":"tablet","quantity":3,"gift":false,"tags":["new"]}');
INSERT INTO "event" VALUES(33,3,5,1704441600000096,1,NULL,'s8',NULL,X'1A96B7E9B8824C2D9128871456395846','{"gift":true}');
INSERT INTO "event" VALUES(34,4,1,1704452400000099,2,NULL,NULL,NULL,X'C7A8D0AC7CD9ED137927CC7B0D43C095','{"device":"phone","quantity":1,"gift":false,"tags":[]}');
INSERT INTO "event" VALUES(36,1,4,1704474000000105,4,4.0,'s8',NULL,X'96D4F796797C36DE7E1D603681B7A1EC','{"quantity":3,"tags":["new","a \"b\", c"]}');
INSERT INTO "event" VALUES(37,2,11,1704484800000108,1,NULL,NULL,NULL,X'DC100C9DBC259143878B7A1D7CCE3B44','{"device":"phone","quantity":9.0,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(38,3,7,1704495600000111,2,NULL,'s9',NULL,X'0A8015CBE322AD1E4D5ECF6A397DB829','{"device":"tablet","quantity":9.25,"gift":false,"tags":["new"]}');
INSERT INTO "event" VALUES(39,4,3,1704506400000114,3,1.0,'s9','order-38',X'D10033D1D9058A2C5EB533B524E6CD5A','{"device":null,"quantity":9.5,"gift":true,"tags":null}');
INSERT INTO "event" VALUES(41,1,6,1704528000000120,1,NULL,'s10',NULL,X'33DE31B416BAE4BE3B8E2526441576CC','{"device":"tablet"}');
INSERT INTO "event" VALUES(42,2,2,1704538800000123,2,NULL,'s10',NULL,X'88276CEB8693228185F658139EEEBDF7','{"quantity":1,"gift":false,"tags":["new","a \"b\", c"]}');
CREATE TABLE event_name (
	"row" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "event_name" VALUES(1,'view');
INSERT INTO "event_name" VALUES(2,'cart');
INSERT INTO "event_name" VALUES(3,'purchase');
INSERT INTO "event_name" VALUES(4,'rating');
INSERT INTO "event_name" VALUES(5,'more');
INSERT INTO "event_name" VALUES(6,'never');
INSERT INTO "event_name" VALUES(7,'less');
INSERT INTO "event_name" VALUES(8,'clear');
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
INSERT INTO "exposure" VALUES(1,1,1,1704096000000000,1,NULL,NULL,X'3B8BBC3ED6759264291B50DC7D764C1B','{"list_id":"list-0"}');
INSERT INTO "exposure" VALUES(2,1,2,1704096000000000,2,NULL,NULL,X'75C99D27C28B8D4D8F015D3BF0BF152E','{"list_id":"list-0"}');
INSERT INTO "exposure" VALUES(3,1,3,1704096000000000,3,NULL,NULL,X'0733D6189B40FAFB0FB7C6980ABDECCD','{"list_id":"list-0"}');
INSERT INTO "exposure" VALUES(4,1,4,1704096000000000,4,NULL,NULL,X'6D06E7253EE05C34F1CD3FCCD9B248BD','{"list_id":"list-0"}');
INSERT INTO "exposure" VALUES(5,2,5,1704099600000001,1,NULL,'shown-4',X'18BDC2B8476FB46EA9402A061AF515DC','{"list_id":"list-1"}');
INSERT INTO "exposure" VALUES(6,2,6,1704099600000001,2,NULL,'shown-5',X'2852A5F804A286A9BBD6AB4AE3A50242','{"list_id":"list-1"}');
INSERT INTO "exposure" VALUES(7,2,7,1704099600000001,3,NULL,'shown-6',X'829057DE04D612CBA16436A30DD97BC9','{"list_id":"list-1"}');
INSERT INTO "exposure" VALUES(8,2,8,1704099600000001,4,NULL,'shown-7',X'461DB44B4E0AE7C8A839A2264981EB3C','{"list_id":"list-1"}');
INSERT INTO "exposure" VALUES(9,3,9,1704103200000002,1,NULL,NULL,X'74A3196D1E862B008A2161D8CAEF2B53','{"list_id":"list-2"}');
INSERT INTO "exposure" VALUES(10,3,10,1704103200000002,2,NULL,NULL,X'126CDAA25DCEC85D8287A13395B2F987','{"list_id":"list-2"}');
INSERT INTO "exposure" VALUES(11,3,11,1704103200000002,3,NULL,NULL,X'DE49F407F88EFAAB96716DB9E4F9E835','{"list_id":"list-2"}');
INSERT INTO "exposure" VALUES(12,3,1,1704103200000002,4,NULL,NULL,X'876D80617F52CC88222006778A807593','{"list_id":"list-2"}');
INSERT INTO "exposure" VALUES(13,4,2,1704106800000003,1,NULL,'shown-12',X'4161193B7FE40ABBD6BBF5C1019CBED6','{"list_id":"list-3"}');
INSERT INTO "exposure" VALUES(14,4,3,1704106800000003,2,NULL,'shown-13',X'E69CB79341FF314150FB7178C4070570','{"list_id":"list-3"}');
INSERT INTO "exposure" VALUES(15,4,4,1704106800000003,3,NULL,'shown-14',X'38375ACBE740C43A8BC4CCE26D3A4C3B','{"list_id":"list-3"}');
INSERT INTO "exposure" VALUES(16,4,5,1704106800000003,4,NULL,'shown-15',X'CAF689FE98112420CB743E128E66982A','{"list_id":"list-3"}');
INSERT INTO "exposure" VALUES(21,1,10,1704114000000005,1,NULL,'shown-20',X'7FB5C3937384CCAA4ABE70DF8D7C5CFE','{"list_id":"list-5"}');
INSERT INTO "exposure" VALUES(22,1,11,1704114000000005,2,NULL,'shown-21',X'98FBF3BC489BAE20606775F4D5326677','{"list_id":"list-5"}');
INSERT INTO "exposure" VALUES(23,1,1,1704114000000005,3,NULL,'shown-22',X'445C006CB003C3C1F41F3A2A9692348D','{"list_id":"list-5"}');
INSERT INTO "exposure" VALUES(24,1,2,1704114000000005,4,NULL,'shown-23',X'6039F7D9780FD0FF3593BC6C1EBB80C5','{"list_id":"list-5"}');
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
INSERT INTO "feedback" VALUES(1,1,1704276000000050,5,'Kitchen',NULL,NULL,X'F352B68BF0FE046302873B8DFBEF125C',NULL);
INSERT INTO "feedback" VALUES(2,1,1704279600000051,6,NULL,4,NULL,X'9FBB450524D870A001FF95AA3BA230BB',NULL);
INSERT INTO "feedback" VALUES(3,3,1704283200000052,7,'Töpfe',NULL,'word-1',X'DDEBF08A06356DAF44214DB8CBF9825B',NULL);
INSERT INTO "feedback" VALUES(5,1,1704290400000054,8,'Kitchen',NULL,NULL,X'7E52B5522D38330E0575FA6CB33C4C9A',NULL);
CREATE TABLE item (
	item INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	more TEXT, 
	PRIMARY KEY (item), 
	FOREIGN KEY(item) REFERENCES item_key ("row")
);
INSERT INTO "item" VALUES(1,1,'{"title":"Wasserkocher für 0 Tassen","category":["Kitchen","Töpfe"],"price":null,"available":false,"since":1704067200000000,"size":{"cm":0.0,"box":"b0"}}');
INSERT INTO "item" VALUES(2,2,'{"title":"A kettle of 1 litres","category":["Kitchen","Kettles"],"price":10.9,"available":true,"since":1704153600000000,"size":{"cm":0.25,"box":"b1"}}');
INSERT INTO "item" VALUES(3,3,'{"title":"Wasserkocher für 2 Tassen","category":["Kitchen","Töpfe"],"price":11.9,"available":true,"since":1704240000000000,"size":{"cm":0.5,"box":"b2"}}');
INSERT INTO "item" VALUES(4,12,'{"title":null,"category":["Kitchen","Kettles"],"price":1.5,"available":true,"since":1704326400000000,"size":{"cm":0.75,"box":"b3"},"brand":"Ada"}');
INSERT INTO "item" VALUES(5,5,'{"title":"Wasserkocher für 4 Tassen","category":["Kitchen","Töpfe"],"price":13.9,"available":false,"since":1704412800000000,"size":{"cm":1.0,"box":"b4"}}');
INSERT INTO "item" VALUES(6,6,'{"title":"A kettle of 5 litres","category":["Kitchen","Kettles"],"price":14.9,"available":true,"since":1704499200000000,"size":{"cm":1.25,"box":"b5"}}');
INSERT INTO "item" VALUES(7,7,'{"title":"Wasserkocher für 6 Tassen","category":["Kitchen","Töpfe"],"price":null,"available":true,"since":1704585600000000,"size":{"cm":1.5,"box":"b6"}}');
INSERT INTO "item" VALUES(8,8,'{"title":"A kettle of 7 litres","category":["Kitchen","Kettles"],"price":16.9,"available":true,"since":1704672000000000,"size":{"cm":1.75,"box":"b7"}}');
INSERT INTO "item" VALUES(9,9,'{"title":"Wasserkocher für 8 Tassen","category":["Kitchen","Töpfe"],"price":17.9,"available":false,"since":1704758400000000,"size":{"cm":2.0,"box":"b8"}}');
INSERT INTO "item" VALUES(10,10,'{"title":"A kettle of 9 litres","category":["Kitchen","Kettles"],"price":null,"available":true,"since":1704844800000000,"size":{"cm":2.25,"box":"b9"}}');
INSERT INTO "item" VALUES(11,11,'{"title":"Wasserkocher für 10 Tassen","category":["Kitchen","Töpfe"],"price":19.9,"available":true,"since":1704931200000000,"size":{"cm":2.5,"box":"b10"}}');
INSERT INTO "item" VALUES(12,13,'{"title":"A kettle of 11 litres","category":["Kitchen","Kettles"],"price":20.9,"available":true,"since":1705017600000000,"size":{"cm":2.75,"box":"b11"},"brand":null}');
CREATE TABLE item_key (
	"row" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	item_id TEXT NOT NULL, 
	UNIQUE (item_id)
);
INSERT INTO "item_key" VALUES(1,'i00');
INSERT INTO "item_key" VALUES(2,'i01');
INSERT INTO "item_key" VALUES(3,'i02');
INSERT INTO "item_key" VALUES(4,'i03');
INSERT INTO "item_key" VALUES(5,'i04');
INSERT INTO "item_key" VALUES(6,'i05');
INSERT INTO "item_key" VALUES(7,'i06');
INSERT INTO "item_key" VALUES(8,'i07');
INSERT INTO "item_key" VALUES(9,'i08');
INSERT INTO "item_key" VALUES(10,'i09');
INSERT INTO "item_key" VALUES(11,'i10');
INSERT INTO "item_key" VALUES(12,'i11');
CREATE TABLE model (
	version TEXT NOT NULL, 
	created TEXT NOT NULL, 
	manifest TEXT NOT NULL, 
	metrics TEXT NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "model" VALUES('0001','2024-01-02T08:00:00+00:00','{"version": "0001", "created": "2024-01-02T08:00:00+00:00", "format": 3, "files": {}}','{}');
INSERT INTO "model" VALUES('0002','2024-01-03T08:00:00+00:00','{"version": "0002", "created": "2024-01-03T08:00:00+00:00", "format": 4, "files": {}, "metrics": {"held_out": {"ndcg@10": 0.25}}, "summary": {"events": 30}}','{"held_out": {"ndcg@10": 0.25}}');
CREATE TABLE promotion (
	seq INTEGER NOT NULL, 
	version TEXT NOT NULL, 
	previous TEXT, 
	time TEXT NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "promotion" VALUES(1,'0001',NULL,'2024-01-02T08:00:00+00:00','promote');
INSERT INTO "promotion" VALUES(2,'0002','0001','2024-01-03T08:00:00+00:00','promote');
INSERT INTO "promotion" VALUES(3,'0001','0002','2024-01-04T08:00:00+00:00','rollback');
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
INSERT INTO "relation" VALUES(1,1,2,'follows',1704099600000001,NULL);
INSERT INTO "relation" VALUES(3,3,4,NULL,1704103200000002,NULL);
INSERT INTO "relation" VALUES(4,4,1,'follows',NULL,NULL);
CREATE TABLE user_key (
	"row" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id TEXT NOT NULL, 
	UNIQUE (user_id)
);
INSERT INTO "user_key" VALUES(1,'ann');
INSERT INTO "user_key" VALUES(2,'bob');
INSERT INTO "user_key" VALUES(3,'cy');
INSERT INTO "user_key" VALUES(4,'zoë/1');
CREATE UNIQUE INDEX event_same ON event (same);
CREATE INDEX event_user ON event (user);
CREATE UNIQUE INDEX exposure_same ON exposure (same);
CREATE INDEX exposure_user ON exposure (user);
CREATE UNIQUE INDEX feedback_same ON feedback (same);
CREATE INDEX feedback_user ON feedback (user);
CREATE UNIQUE INDEX item_seq ON item (seq);
CREATE UNIQUE INDEX app_user_seq ON app_user (seq);
CREATE UNIQUE INDEX relation_edge ON relation (source, target, relation);
CREATE INDEX relation_target ON relation (target);
CREATE INDEX change_kind ON change (kind, last);
CREATE VIEW events AS SELECT r.seq, u.user_id, i.item_id, strftime('%Y-%m-%d %H:%M:%f', r.time / 1000000.0, 'unixepoch') AS timestamp, n.name AS event, r.value, r.session AS session_id, r.event_id, r.more FROM event r JOIN user_key u ON u.row = r."user" JOIN item_key i ON i.row = r.item LEFT JOIN event_name n ON n.row = r.type;
CREATE VIEW exposures AS SELECT r.seq, u.user_id, i.item_id, strftime('%Y-%m-%d %H:%M:%f', r.time / 1000000.0, 'unixepoch') AS timestamp, r.position, r.session AS session_id, r.event_id, r.more FROM exposure r JOIN user_key u ON u.row = r."user" JOIN item_key i ON i.row = r.item;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('item_key',12);
INSERT INTO "sqlite_sequence" VALUES('user_key',5);
INSERT INTO "sqlite_sequence" VALUES('event_name',8);
COMMIT;
