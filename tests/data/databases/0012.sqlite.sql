CREATE TABLE list (
	id INTEGER NOT NULL, 
	slug VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	position INTEGER NOT NULL, 
	name_nb TEXT NOT NULL, 
	name_nn TEXT NOT NULL, 
	short TEXT NOT NULL, 
	region VARCHAR(16) DEFAULT '' NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	merged_into_id INTEGER, 
	CONSTRAINT pk_list PRIMARY KEY (id), 
	CONSTRAINT uq_list_slug UNIQUE (slug), 
	CONSTRAINT fk_list_merged_into_id FOREIGN KEY(merged_into_id) REFERENCES list (id)
);
CREATE TABLE import_run (
	id INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	actor TEXT NOT NULL, 
	files JSON NOT NULL, 
	counts JSON NOT NULL, 
	undone_at VARCHAR(32), 
	undone_by TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_import_run PRIMARY KEY (id)
);
CREATE TABLE subscriber (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	address VARCHAR(320) NOT NULL, 
	address_as_given VARCHAR(320) NOT NULL, 
	name TEXT DEFAULT '' NOT NULL, 
	name_folded VARCHAR DEFAULT '' NOT NULL, 
	domain VARCHAR(255) NOT NULL, 
	organisation TEXT DEFAULT '' NOT NULL, 
	role VARCHAR(64) DEFAULT '' NOT NULL, 
	lang VARCHAR(2) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	source TEXT DEFAULT '' NOT NULL, 
	import_id INTEGER, 
	erased_at VARCHAR(32), 
	CONSTRAINT uq_subscriber_address UNIQUE (address)
);
CREATE TABLE suppression (
	id INTEGER NOT NULL, 
	address_hash BLOB NOT NULL, 
	reason VARCHAR(32) NOT NULL, 
	scope VARCHAR(64) DEFAULT 'all' NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	since VARCHAR(32) NOT NULL, 
	released_at VARCHAR(32), 
	release_note TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_suppression PRIMARY KEY (id), 
	CONSTRAINT uq_suppression_address_hash_scope UNIQUE (address_hash, scope)
);
CREATE TABLE edition (
	id INTEGER NOT NULL, 
	slug VARCHAR(64) NOT NULL, 
	content_hash VARCHAR(64) NOT NULL, 
	title TEXT NOT NULL, 
	lang VARCHAR(2) NOT NULL, 
	stored_at VARCHAR(32) NOT NULL, edition_hash VARCHAR(80), 
	CONSTRAINT pk_edition PRIMARY KEY (id), 
	CONSTRAINT uq_edition_slug_content_hash UNIQUE (slug, content_hash)
);
CREATE TABLE mailing (
	id INTEGER NOT NULL, 
	slug VARCHAR(64) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	content_hash VARCHAR(64) NOT NULL, 
	snapshot_hash VARCHAR(64) DEFAULT '' NOT NULL, 
	lists JSON NOT NULL, 
	subject TEXT NOT NULL, 
	in_doubt_policy VARCHAR(8) NOT NULL, 
	untested INTEGER DEFAULT '0' NOT NULL, 
	ignored_findings INTEGER DEFAULT '0' NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	started_at VARCHAR(32), 
	finished_at VARCHAR(32), actor TEXT DEFAULT '' NOT NULL, edition_hash VARCHAR(80), place VARCHAR(80), key_id VARCHAR(32), kind VARCHAR(16) DEFAULT 'issue' NOT NULL, of_id INTEGER, reason TEXT DEFAULT '' NOT NULL, start_at VARCHAR(32), zone VARCHAR(64), start_local VARCHAR(16), 
	CONSTRAINT pk_mailing PRIMARY KEY (id)
);
CREATE TABLE test_send (
	id INTEGER NOT NULL, 
	slug VARCHAR(64) NOT NULL, 
	content_hash VARCHAR(64) NOT NULL, 
	recipient VARCHAR(320) NOT NULL, 
	at VARCHAR(32) NOT NULL, edition_hash VARCHAR(80), 
	CONSTRAINT pk_test_send PRIMARY KEY (id)
);
CREATE TABLE rate_limit (
	name VARCHAR(64) NOT NULL, 
	next_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_rate_limit PRIMARY KEY (name)
);
CREATE TABLE subscription (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	list_id INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	since VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_subscription PRIMARY KEY (id), 
	CONSTRAINT uq_subscription_subscriber_id_list_id UNIQUE (subscriber_id, list_id), 
	CONSTRAINT fk_subscription_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscriber (id)
);
CREATE TABLE subscriber_event (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	actor TEXT NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	list_id INTEGER, 
	import_id INTEGER, 
	detail JSON NOT NULL, 
	CONSTRAINT pk_subscriber_event PRIMARY KEY (id), 
	CONSTRAINT fk_subscriber_event_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscriber (id)
);
CREATE TABLE edition_form (
	id INTEGER NOT NULL, 
	edition_id INTEGER NOT NULL, 
	form VARCHAR(8) NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_edition_form PRIMARY KEY (id), 
	CONSTRAINT uq_edition_form_edition_id_form UNIQUE (edition_id, form), 
	CONSTRAINT fk_edition_form_edition_id FOREIGN KEY(edition_id) REFERENCES edition (id)
);
CREATE TABLE variant (
	id INTEGER NOT NULL, 
	mailing_id INTEGER NOT NULL, 
	"key" VARCHAR(512) NOT NULL, 
	compiled BLOB NOT NULL, 
	CONSTRAINT pk_variant PRIMARY KEY (id), 
	CONSTRAINT uq_variant_mailing_id_key UNIQUE (mailing_id, "key"), 
	CONSTRAINT fk_variant_mailing_id FOREIGN KEY(mailing_id) REFERENCES mailing (id)
);
CREATE TABLE run (
	id INTEGER NOT NULL, 
	mailing_id INTEGER NOT NULL, 
	token VARCHAR(32) NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	started_at VARCHAR(32) NOT NULL, 
	heartbeat_at VARCHAR(32) NOT NULL, 
	ended_at VARCHAR(32), 
	marks INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_run PRIMARY KEY (id), 
	CONSTRAINT fk_run_mailing_id FOREIGN KEY(mailing_id) REFERENCES mailing (id), 
	CONSTRAINT uq_run_token UNIQUE (token)
);
CREATE TABLE consent (
	id INTEGER NOT NULL, 
	subscription_id INTEGER NOT NULL, 
	list_slug VARCHAR(64) NOT NULL, 
	article VARCHAR(1) DEFAULT '' NOT NULL, 
	basis TEXT NOT NULL, 
	method VARCHAR(16) NOT NULL, 
	text_version VARCHAR(32) DEFAULT '' NOT NULL, 
	recorded_at VARCHAR(32) NOT NULL, 
	confirmed_at VARCHAR(32), 
	source TEXT DEFAULT '' NOT NULL, 
	source_line INTEGER, 
	import_id INTEGER, 
	CONSTRAINT pk_consent PRIMARY KEY (id), 
	CONSTRAINT fk_consent_subscription_id FOREIGN KEY(subscription_id) REFERENCES subscription (id)
);
CREATE TABLE delivery (
	id INTEGER NOT NULL, 
	mailing_id INTEGER NOT NULL, 
	subscriber_id INTEGER, 
	variant_id INTEGER, 
	address VARCHAR(320) NOT NULL, 
	recipient VARCHAR(320) NOT NULL, 
	lists TEXT NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	skip_reason VARCHAR(16), 
	run_id INTEGER, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	due_at VARCHAR(32), 
	deferred_since VARCHAR(32), 
	reply TEXT DEFAULT '' NOT NULL, 
	changed_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_delivery PRIMARY KEY (id), 
	CONSTRAINT uq_delivery_mailing_id_address UNIQUE (mailing_id, address), 
	CONSTRAINT ck_delivery_skipped_has_reason CHECK ((status = 'skipped') = (skip_reason IS NOT NULL)), 
	CONSTRAINT fk_delivery_mailing_id FOREIGN KEY(mailing_id) REFERENCES mailing (id), 
	CONSTRAINT fk_delivery_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscriber (id) ON DELETE SET NULL, 
	CONSTRAINT fk_delivery_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id), 
	CONSTRAINT fk_delivery_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
CREATE TABLE attempt (
	id INTEGER NOT NULL, 
	delivery_id INTEGER NOT NULL, 
	run_id INTEGER, 
	at VARCHAR(32) NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	reply TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_attempt PRIMARY KEY (id), 
	CONSTRAINT fk_attempt_delivery_id FOREIGN KEY(delivery_id) REFERENCES delivery (id), 
	CONSTRAINT fk_attempt_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	PRIMARY KEY (version_num)
);
CREATE TABLE decision (
	id INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	actor TEXT NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	slug VARCHAR(64), 
	mailing_id INTEGER, 
	detail JSON NOT NULL, 
	CONSTRAINT pk_decision PRIMARY KEY (id)
);
CREATE TABLE leave_asked (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	list_id INTEGER, 
	at VARCHAR(32) NOT NULL, 
	actor TEXT NOT NULL, 
	CONSTRAINT pk_leave_asked PRIMARY KEY (id)
);
CREATE TABLE import_held (
	id INTEGER NOT NULL, 
	import_id INTEGER NOT NULL, 
	list_id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	lines BLOB NOT NULL, 
	CONSTRAINT pk_import_held PRIMARY KEY (id), 
	CONSTRAINT fk_import_held_import_id FOREIGN KEY(import_id) REFERENCES import_run (id), 
	CONSTRAINT fk_import_held_list_id FOREIGN KEY(list_id) REFERENCES list (id)
);
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	way VARCHAR(16) NOT NULL, 
	"key" VARCHAR(160) NOT NULL, 
	event VARCHAR(16) NOT NULL, 
	slug VARCHAR(64) NOT NULL, 
	mailing_id INTEGER, 
	detail JSON NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	due_at VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	reply TEXT DEFAULT '' NOT NULL, 
	sent_at VARCHAR(32), 
	CONSTRAINT pk_outbox PRIMARY KEY (id), 
	CONSTRAINT uq_outbox_key UNIQUE ("key")
);
INSERT INTO "list" VALUES(9,'bergen','helsefellesskap',8,'Helsefellesskapet i Bergensområdet','Helsefellesskapet i Bergensområdet','Bergensområdet','vest','2023-12-01T08:00:00.000000+00:00',NULL);
INSERT INTO "list" VALUES(12,'agder','helsefellesskap',11,'Helsefellesskapet Agder','Helsefellesskapet Agder','Agder','sor-ost','2023-12-01T08:00:00.000000+00:00',NULL);
INSERT INTO "list" VALUES(18,'oslo','helsefellesskap',17,'Helsefellesskap Oslo','Helsefellesskap Oslo','Oslo','sor-ost','2023-12-01T08:00:00.000000+00:00',NULL);
INSERT INTO "import_run" VALUES(1,'2023-12-01T08:00:08.000000+00:00','kari','["import.csv"]','{"new": 2, "changed": 1, "unchanged": 0, "invalid": 0}',NULL,'');
INSERT INTO "import_run" VALUES(2,'2023-12-01T08:00:10.000000+00:00','kari','["wrong.csv"]','{"new": 1, "unchanged": 0, "invalid": 0}','2023-12-01T08:00:11.000000+00:00','kari');
INSERT INTO "subscriber" VALUES(1,'ola.nordmann@kommune.example','Ola.Nordmann@Kommune.example','Ola Nordmann','ola nordmann','kommune.example','Kommunen','kommune','nb','2023-12-01T08:00:02.000000+00:00','skjema',NULL,NULL);
INSERT INTO "subscriber" VALUES(2,'ase@fylke.example','ase@fylke.example','Åse Li','åse li','fylke.example','','','nn','2023-12-01T08:00:04.000000+00:00','',NULL,NULL);
INSERT INTO "subscriber" VALUES(3,'ny@helse.example','ny@helse.example','Per Moe','per moe','helse.example','','','nb','2023-12-01T08:00:06.000000+00:00','',NULL,NULL);
INSERT INTO "subscriber" VALUES(4,'imp1@x.example','imp1@x.example','Imp Éin','imp éin','x.example','','','nb','2023-12-01T08:00:08.000000+00:00','import.csv',1,NULL);
INSERT INTO "subscriber" VALUES(5,'imp2@x.example','imp2@x.example','Imp To','imp to','x.example','','','nb','2023-12-01T08:00:08.000000+00:00','import.csv',1,NULL);
INSERT INTO "suppression" VALUES(1,X'9BEC27BDE8E6FB201F4CC00881198A5D7B9E67B56417B6D8C9F7BA37F5AD563F','manual','all','ba om det','2023-12-01T08:00:14.000000+00:00',NULL,'');
INSERT INTO "suppression" VALUES(2,X'A4AD8E340E32BF1D916005CB1DC92795148897965E36AE56C0ADC357474B5372','key','#key','','2023-12-01T08:00:14.000000+00:00',NULL,'');
INSERT INTO "suppression" VALUES(3,X'B244661F2E5B998D979A8D55A73D662D148061E32F93E40E7A33750237148D00','manual','all','feil postkasse','2023-12-01T08:00:15.000000+00:00','2023-12-01T08:00:16.000000+00:00','rettet');
INSERT INTO "suppression" VALUES(4,X'D3EC6E347EF3086BF17158D3A1D7F5B723FD67DC74DE1B4DFFD6451D9E43E4D5','moved','all','','2023-12-01T08:00:17.000000+00:00',NULL,'');
INSERT INTO "edition" VALUES(1,'2023-12','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','Nyhetsbrev','nb','2023-12-01T08:00:20.000000+00:00',NULL);
INSERT INTO "edition" VALUES(2,'2024-02','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','Februar','nb','2026-11-29T08:00:00.000000+00:00','1:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "mailing" VALUES(1,'2023-12','paused','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','5284cb08ad14dda28537669a3dbdce7623fe393f9479d7839d9c166013da1b40','["oslo", "bergen"]','Nyhetsbrev','hold',1,1,'the server is away','2023-12-01T08:00:18.000000+00:00','2023-12-01T08:00:21.000000+00:00',NULL,'',NULL,'0123456789abcdef0123456789abcdef','fedcba9876543210fedcba9876543210','issue',NULL,'',NULL,NULL,NULL);
INSERT INTO "test_send" VALUES(1,'2023-12','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','redaksjon@kommune.example','2023-12-01T08:00:19.000000+00:00',NULL);
INSERT INTO "test_send" VALUES(2,'2024-02','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','redaksjon@nyhetsbrev.example','2026-11-29T08:00:00.000000+00:00','1:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "rate_limit" VALUES('smtp','2023-12-01T08:00:21.000000+00:00');
INSERT INTO "subscription" VALUES(1,1,18,'active','2023-12-01T08:00:01.000000+00:00');
INSERT INTO "subscription" VALUES(2,2,18,'active','2023-12-01T08:00:03.000000+00:00');
INSERT INTO "subscription" VALUES(3,2,9,'active','2023-12-01T08:00:03.000000+00:00');
INSERT INTO "subscription" VALUES(4,3,9,'active','2023-12-01T08:00:05.000000+00:00');
INSERT INTO "subscription" VALUES(6,4,18,'active','2023-12-01T08:00:08.000000+00:00');
INSERT INTO "subscription" VALUES(7,5,12,'unsubscribed','2023-12-01T08:00:13.000000+00:00');
INSERT INTO "subscriber_event" VALUES(1,1,'2023-12-01T08:00:01.000000+00:00','kari','subscribed',18,NULL,'{"list": "oslo"}');
INSERT INTO "subscriber_event" VALUES(2,2,'2023-12-01T08:00:03.000000+00:00','kari','subscribed',18,NULL,'{"list": "oslo"}');
INSERT INTO "subscriber_event" VALUES(3,2,'2023-12-01T08:00:03.000000+00:00','kari','subscribed',9,NULL,'{"list": "bergen"}');
INSERT INTO "subscriber_event" VALUES(4,3,'2023-12-01T08:00:05.000000+00:00','kari','subscribed',9,NULL,'{"list": "bergen"}');
INSERT INTO "subscriber_event" VALUES(5,2,'2023-12-01T08:00:08.000000+00:00','kari','changed',NULL,1,'{"field": "name", "old": "\u00c5se \u00d8deg\u00e5rd-Li", "new": "\u00c5se Li"}');
INSERT INTO "subscriber_event" VALUES(6,2,'2023-12-01T08:00:08.000000+00:00','kari','changed',18,1,'{"field": "basis", "old": "a: skjema", "new": "e: sak 3", "list": "oslo"}');
INSERT INTO "subscriber_event" VALUES(7,4,'2023-12-01T08:00:08.000000+00:00','kari','subscribed',18,1,'{"list":"oslo","source":"import.csv","line":"2"}');
INSERT INTO "subscriber_event" VALUES(8,5,'2023-12-01T08:00:08.000000+00:00','kari','subscribed',12,1,'{"list":"agder","source":"import.csv","line":"3"}');
INSERT INTO "subscriber_event" VALUES(9,5,'2023-12-01T08:00:13.000000+00:00','kari','unsubscribed',12,NULL,'{"list": "agder"}');
INSERT INTO "subscriber_event" VALUES(10,3,'2023-12-01T08:00:17.000000+00:00','kari','moved',NULL,NULL,'{"old": "gammel@helse.example", "new": "ny@helse.example"}');
INSERT INTO "edition_form" VALUES(1,1,'html',X'3C703EC3A53C2F703E');
INSERT INTO "edition_form" VALUES(2,1,'txt',X'74656B7374');
INSERT INTO "edition_form" VALUES(3,2,'html',X'3C703E783C2F703E');
INSERT INTO "variant" VALUES(1,1,'nb',X'00636F6D70696C6564FF206E62');
INSERT INTO "variant" VALUES(2,1,'oslo nn',X'00636F6D70696C6564206E6E');
INSERT INTO "run" VALUES(1,1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','desk',4711,'2023-12-01T08:00:21.000000+00:00','2023-12-01T08:00:21.000000+00:00','2023-12-01T08:00:22.000000+00:00',3);
INSERT INTO "consent" VALUES(1,1,'oslo','e','e: sak 2023/1','admin','','2023-12-01T08:00:01.000000+00:00',NULL,'skjema',NULL,NULL);
INSERT INTO "consent" VALUES(2,2,'oslo','a','a: skjema','admin','','2023-12-01T08:00:03.000000+00:00',NULL,'',NULL,NULL);
INSERT INTO "consent" VALUES(3,3,'bergen','a','a: skjema','admin','','2023-12-01T08:00:03.000000+00:00',NULL,'',NULL,NULL);
INSERT INTO "consent" VALUES(4,4,'bergen','e','e: sak 2023/2','admin','','2023-12-01T08:00:05.000000+00:00',NULL,'',NULL,NULL);
INSERT INTO "consent" VALUES(5,2,'oslo','e','e: sak 3','import','','2023-12-01T08:00:08.000000+00:00',NULL,'import.csv',4,1);
INSERT INTO "consent" VALUES(6,6,'oslo','e','e: sak 3','import','','2023-12-01T08:00:08.000000+00:00',NULL,'import.csv',2,1);
INSERT INTO "consent" VALUES(7,7,'agder','e','e: sak 3','import','','2023-12-01T08:00:08.000000+00:00',NULL,'import.csv',3,1);
INSERT INTO "delivery" VALUES(1,1,1,1,'ola.nordmann@kommune.example','Ola.Nordmann@Kommune.example','oslo','accepted',NULL,1,1,NULL,NULL,'250 2.0.0 ok','2023-12-01T08:00:21.000000+00:00');
INSERT INTO "delivery" VALUES(2,1,2,1,'ase@fylke.example','ase@fylke.example','bergen oslo','in_doubt',NULL,1,1,NULL,NULL,'no answer','2023-12-01T08:00:21.000000+00:00');
INSERT INTO "delivery" VALUES(3,1,3,1,'ny@helse.example','ny@helse.example','bergen','deferred',NULL,NULL,1,'2023-12-01T08:00:23.000000+00:00','2023-12-01T08:00:21.000000+00:00','451 4.3.0 later','2023-12-01T08:00:21.000000+00:00');
INSERT INTO "delivery" VALUES(4,1,4,1,'imp1@x.example','imp1@x.example','oslo','queued',NULL,NULL,0,NULL,NULL,'','2023-12-01T08:00:18.000000+00:00');
INSERT INTO "attempt" VALUES(1,3,1,'2023-12-01T08:00:21.000000+00:00','deferred','451 4.3.0 later');
INSERT INTO "attempt" VALUES(2,2,1,'2023-12-01T08:00:21.000000+00:00','in_doubt','no answer');
INSERT INTO "alembic_version" VALUES('0012');
INSERT INTO "decision" VALUES(1,'2023-12-02T08:00:01.000000+00:00','kari','settings',NULL,NULL,'{"changed": [], "salt": "591735268c55da7d", "seen": {"smtp.host": "d61f049efeed53b1"}}');
INSERT INTO "decision" VALUES(2,'2023-12-02T08:00:01.000000+00:00','kari','resumed','2023-12',1,'{}');
INSERT INTO "decision" VALUES(3,'2023-12-02T08:00:02.000000+00:00','kari','paused','2023-12',1,'{}');
INSERT INTO "decision" VALUES(4,'2026-11-29T08:00:00.000000+00:00','kari','test_sent','2024-02',NULL,'{"number": 1}');
INSERT INTO "leave_asked" VALUES(1,1,1,'2026-11-29T11:00:00.000000+00:00','the person, by one click');
INSERT INTO "leave_asked" VALUES(2,2,NULL,'2026-11-29T11:00:00.000000+00:00','the person, on the leave page');
INSERT INTO "import_held" VALUES(1,1,12,'import.csv',1,X'789C8B8E368CD5518836898D05000FA502DA');
INSERT INTO "outbox" VALUES(1,'mail','mail 1 paused 2023-12-01T08:00:12.031402+00:00','paused','2023-12',1,'{"counts": {"audience": 4, "skipped": 0, "queued": 0, "claimed": 0, "in_flight": 0, "accepted": 1, "deferred": 1, "rejected": 1, "expired": 0, "cancelled": 0, "in_doubt": 1}, "by_itself": false}','','2023-12-01T08:00:12.031402+00:00','2023-12-01T08:00:12.031402+00:00','sent',1,'250 2.0.0 taken','2023-12-01T08:00:12.031402+00:00');
INSERT INTO "outbox" VALUES(2,'webhook','webhook 1 paused 2023-12-01T08:00:12.031402+00:00','paused','2023-12',1,'{"counts": {"audience": 4, "skipped": 0, "queued": 0, "claimed": 0, "in_flight": 0, "accepted": 1, "deferred": 1, "rejected": 1, "expired": 0, "cancelled": 0, "in_doubt": 1}, "by_itself": false}','','2023-12-01T08:00:12.031402+00:00','2023-12-01T08:00:12.031402+00:00','waiting',0,'',NULL);
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" VALUES('subscriber',6);
CREATE VIRTUAL TABLE name_word USING fts5(name_folded, content='subscriber', content_rowid='id',
        tokenize='ascii', detail='none', columnsize=0);
INSERT INTO name_word (name_word) VALUES ('rebuild');
CREATE INDEX ix_subscriber_domain ON subscriber (domain);
CREATE INDEX ix_mailing_slug ON mailing (slug);
CREATE INDEX ix_test_send_slug ON test_send (slug);
CREATE INDEX ix_subscription_list_id ON subscription (list_id);
CREATE INDEX ix_subscriber_event_subscriber_id ON subscriber_event (subscriber_id);
CREATE INDEX ix_run_mailing_id ON run (mailing_id);
CREATE INDEX ix_consent_import_id ON consent (import_id);
CREATE INDEX ix_consent_subscription_id_import_id ON consent (subscription_id, import_id);
CREATE INDEX ix_delivery_mailing_status ON delivery (mailing_id, status, id);
CREATE INDEX ix_delivery_subscriber_id_mailing_id ON delivery (subscriber_id, mailing_id);
CREATE INDEX ix_attempt_delivery_id ON attempt (delivery_id);
CREATE TRIGGER subscriber_event_is_not_replaced BEFORE INSERT ON subscriber_event
        WHEN EXISTS (SELECT 1 FROM subscriber_event WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE TRIGGER subscriber_event_is_not_deleted BEFORE DELETE ON subscriber_event WHEN (SELECT erased_at FROM subscriber WHERE id = OLD.subscriber_id) IS NULL BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE TRIGGER consent_is_not_replaced BEFORE INSERT ON consent
        WHEN EXISTS (SELECT 1 FROM consent WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE TRIGGER consent_is_not_deleted BEFORE DELETE ON consent WHEN NOT EXISTS (SELECT 1 FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber_id
        WHERE subscription.id = OLD.subscription_id AND subscriber.erased_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM import_run WHERE id = OLD.import_id AND undone_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE TRIGGER subscriber_has_name AFTER INSERT ON subscriber BEGIN
        INSERT INTO name_word (rowid, name_folded) VALUES (NEW.id, NEW.name_folded); END;
CREATE TRIGGER subscriber_changes_name AFTER UPDATE OF id, name_folded ON subscriber BEGIN
        INSERT INTO name_word (name_word, rowid, name_folded) VALUES ('delete', OLD.id, OLD.name_folded);
        INSERT INTO name_word (rowid, name_folded) VALUES (NEW.id, NEW.name_folded); END;
CREATE TRIGGER subscriber_loses_name AFTER DELETE ON subscriber BEGIN
        INSERT INTO name_word (name_word, rowid, name_folded) VALUES ('delete', OLD.id, OLD.name_folded); END;
CREATE INDEX ix_decision_slug ON decision (slug);
CREATE TRIGGER decision_is_not_replaced BEFORE INSERT ON decision
        WHEN EXISTS (SELECT 1 FROM decision WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE TRIGGER decision_is_not_deleted BEFORE DELETE ON decision WHEN TRUE BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE TRIGGER subscriber_event_is_not_changed BEFORE UPDATE ON subscriber_event WHEN NOT (EXISTS (SELECT 1 FROM subscriber WHERE erased_at IS NOT NULL)
            AND NEW.id IS OLD.id
            AND NEW.subscriber_id IS OLD.subscriber_id
            AND NEW.at IS OLD.at
            AND (NEW.actor IS OLD.actor OR instr(NEW.actor, '[erased]') > 0)
            AND (NEW.action IS OLD.action OR instr(NEW.action, '[erased]') > 0)
            AND NEW.list_id IS OLD.list_id
            AND NEW.import_id IS OLD.import_id
            AND (NEW.detail IS OLD.detail OR instr(NEW.detail, '[erased]') > 0)) BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE TRIGGER consent_is_not_changed BEFORE UPDATE ON consent WHEN NOT (EXISTS (SELECT 1 FROM subscriber WHERE erased_at IS NOT NULL)
            AND NEW.id IS OLD.id
            AND NEW.subscription_id IS OLD.subscription_id
            AND (NEW.list_slug IS OLD.list_slug OR instr(NEW.list_slug, '[erased]') > 0)
            AND (NEW.article IS OLD.article OR instr(NEW.article, '[erased]') > 0)
            AND (NEW.basis IS OLD.basis OR instr(NEW.basis, '[erased]') > 0)
            AND (NEW.method IS OLD.method OR instr(NEW.method, '[erased]') > 0)
            AND (NEW.text_version IS OLD.text_version OR instr(NEW.text_version, '[erased]') > 0)
            AND NEW.recorded_at IS OLD.recorded_at
            AND NEW.confirmed_at IS OLD.confirmed_at
            AND (NEW.source IS OLD.source OR instr(NEW.source, '[erased]') > 0)
            AND NEW.source_line IS OLD.source_line
            AND NEW.import_id IS OLD.import_id) BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE TRIGGER decision_is_not_changed BEFORE UPDATE ON decision WHEN NOT (EXISTS (SELECT 1 FROM subscriber WHERE erased_at IS NOT NULL)
            AND NEW.id IS OLD.id
            AND NEW.at IS OLD.at
            AND (NEW.actor IS OLD.actor OR instr(NEW.actor, '[erased]') > 0)
            AND (NEW.action IS OLD.action OR instr(NEW.action, '[erased]') > 0)
            AND (NEW.slug IS OLD.slug OR instr(NEW.slug, '[erased]') > 0)
            AND NEW.mailing_id IS OLD.mailing_id
            AND (NEW.detail IS OLD.detail OR instr(NEW.detail, '[erased]') > 0)) BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END;
CREATE INDEX ix_leave_asked_subscriber_id ON leave_asked (subscriber_id);
CREATE INDEX ix_import_held_import_id ON import_held (import_id);
CREATE UNIQUE INDEX uq_mailing_unfinished_slug ON mailing (slug) WHERE state IN ('planned', 'running', 'paused', 'missed');
