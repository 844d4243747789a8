CREATE TABLE "installation" ("id" SERIAL NOT NULL PRIMARY KEY,
    "kind" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "made_at" TIMESTAMP NOT NULL);
CREATE TABLE "scope" ("code" TEXT NOT NULL PRIMARY KEY,
    "rev" BIGINT NOT NULL,
    "position" BIGINT NOT NULL,
    "chain" TEXT NOT NULL,
    "kept_to" BIGINT NOT NULL,
    "receipt_on" DATE,
    "receipt_count" INTEGER NOT NULL);
CREATE TABLE "setting" ("key" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL);
CREATE TABLE "attempt" ("key" TEXT NOT NULL PRIMARY KEY,
    "misses" INTEGER NOT NULL,
    "next_at" TIMESTAMP NOT NULL);
CREATE TABLE "area" ("code" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "parent" TEXT,
    "valid_from" DATE,
    "valid_to" DATE,
    "successor" TEXT);
CREATE INDEX "area_name" ON "area" ("name");
CREATE INDEX "area_parent" ON "area" ("parent");
CREATE TABLE "station" ("id" UUID NOT NULL PRIMARY KEY,
    "area" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "phone" TEXT NOT NULL,
    "hours" TEXT NOT NULL);
CREATE INDEX "station_area" ON "station" ("area");
CREATE TABLE "person" ("id" UUID NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "initials" TEXT NOT NULL,
    "unit" TEXT NOT NULL,
    "duty" TEXT NOT NULL,
    "phone" TEXT NOT NULL,
    "photo" BYTEA,
    "kin" BYTEA,
    "removed_at" TIMESTAMP,
    "inbox_rev" BIGINT NOT NULL);
CREATE TABLE "post" ("id" UUID NOT NULL PRIMARY KEY,
    "person_id" UUID NOT NULL,
    "role" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "station_id" UUID,
    "from_on" DATE NOT NULL,
    "to_on" DATE, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("station_id") REFERENCES "station" ("id") ON DELETE RESTRICT);
CREATE INDEX "post_person_id" ON "post" ("person_id");
CREATE INDEX "post_area" ON "post" ("area");
CREATE INDEX "post_scope" ON "post" ("scope");
CREATE INDEX "post_station_id" ON "post" ("station_id");
CREATE TABLE "account" ("person_id" UUID NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "password" TEXT NOT NULL,
    "totp_secret" BYTEA,
    "totp_step" BIGINT NOT NULL,
    "known" BOOLEAN NOT NULL, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE UNIQUE INDEX "account_name" ON "account" ("name");
CREATE TABLE "desk_session" ("token_hash" TEXT NOT NULL PRIMARY KEY,
    "person_id" UUID NOT NULL,
    "made_at" TIMESTAMP NOT NULL,
    "ends_at" TIMESTAMP NOT NULL,
    "browser" TEXT NOT NULL, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE CASCADE);
CREATE INDEX "desk_session_person_id" ON "desk_session" ("person_id");
CREATE TABLE "known_browser" ("token_hash" TEXT NOT NULL PRIMARY KEY,
    "person_id" UUID NOT NULL,
    "made_at" TIMESTAMP NOT NULL, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE CASCADE);
CREATE INDEX "known_browser_person_id" ON "known_browser" ("person_id");
CREATE TABLE "household" ("id" UUID NOT NULL PRIMARY KEY,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "number" TEXT NOT NULL,
    "group_name" TEXT NOT NULL,
    "address" TEXT NOT NULL);
CREATE INDEX "household_area" ON "household" ("area");
CREATE INDEX "household_area_number" ON "household" ("area", "number");
CREATE TABLE "resident" ("id" UUID NOT NULL PRIMARY KEY,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "household_id" UUID,
    "relation" TEXT NOT NULL,
    "group_name" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "initials" TEXT NOT NULL,
    "other_name" TEXT NOT NULL,
    "sex" TEXT NOT NULL,
    "birth_on" DATE,
    "birth_year" INTEGER,
    "id_number" BYTEA,
    "id_lookup" TEXT,
    "id_tail" TEXT NOT NULL,
    "id_verified" BOOLEAN NOT NULL,
    "id_missing_why" TEXT NOT NULL,
    "people" TEXT NOT NULL,
    "phone" TEXT NOT NULL,
    "phone_of" TEXT NOT NULL,
    "no_phone" BOOLEAN NOT NULL,
    "needs" TEXT NOT NULL,
    "dialect" TEXT NOT NULL,
    "hours" TEXT NOT NULL,
    "helper" TEXT,
    "guardian" TEXT,
    "address" TEXT NOT NULL,
    "registration_area" TEXT NOT NULL,
    "paying_area" TEXT NOT NULL,
    "sensitive" BYTEA,
    "roster_said" BYTEA,
    "grid_worker" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "merged_into_id" UUID,
    "life" TEXT NOT NULL,
    "card" TEXT NOT NULL,
    "card_review_on" DATE,
    "rev" BIGINT NOT NULL, FOREIGN KEY ("household_id") REFERENCES "household" ("id") ON DELETE RESTRICT, FOREIGN KEY ("merged_into_id") REFERENCES "resident" ("id") ON DELETE RESTRICT);
CREATE INDEX "resident_household_id" ON "resident" ("household_id");
CREATE INDEX "resident_merged_into_id" ON "resident" ("merged_into_id");
CREATE INDEX "resident_area_rev" ON "resident" ("area", "rev");
CREATE INDEX "resident_scope_name" ON "resident" ("scope", "name");
CREATE INDEX "resident_scope_initials" ON "resident" ("scope", "initials");
CREATE INDEX "resident_scope_card_review_on" ON "resident" ("scope", "card_review_on");
CREATE INDEX "resident_id_lookup" ON "resident" ("id_lookup");
CREATE UNIQUE INDEX "resident_verified_id" ON "resident" ("id_lookup") WHERE id_verified AND state = 'verified';
CREATE TABLE "departure" ("area" TEXT NOT NULL,
    "resident" UUID NOT NULL,
    "rev" BIGINT NOT NULL, PRIMARY KEY ("area",
    "resident"));
CREATE INDEX "departure_area_rev" ON "departure" ("area", "rev");
CREATE TABLE "care_entry" ("id" UUID NOT NULL PRIMARY KEY,
    "resident_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "every_days" INTEGER NOT NULL,
    "next_visit_on" DATE,
    "review_on" DATE,
    "consent" UUID, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT);
CREATE INDEX "care_entry_resident_id" ON "care_entry" ("resident_id");
CREATE INDEX "care_entry_scope" ON "care_entry" ("scope");
CREATE INDEX "care_entry_next_visit_on" ON "care_entry" ("next_visit_on");
CREATE TABLE "consent_record" ("id" UUID NOT NULL PRIMARY KEY,
    "resident_id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "text_version" TEXT NOT NULL,
    "told" TEXT NOT NULL,
    "given_by" TEXT NOT NULL,
    "guardian" TEXT NOT NULL,
    "mark" TEXT,
    "why" TEXT NOT NULL,
    "happened_at" TIMESTAMP NOT NULL,
    "event" UUID NOT NULL, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT);
CREATE INDEX "consent_record_resident_id" ON "consent_record" ("resident_id");
CREATE TABLE "entitlement" ("id" UUID NOT NULL PRIMARY KEY,
    "resident_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "benefit" TEXT NOT NULL,
    "number" TEXT NOT NULL,
    "paying_area" TEXT NOT NULL,
    "cycle_months" INTEGER NOT NULL,
    "last_success_on" DATE,
    "due_on" DATE NOT NULL,
    "agency_state" TEXT NOT NULL,
    "listed" BOOLEAN NOT NULL,
    "confirmed_elsewhere_at" TIMESTAMP, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT);
CREATE INDEX "entitlement_resident_id" ON "entitlement" ("resident_id");
CREATE INDEX "entitlement_due_on" ON "entitlement" ("due_on");
CREATE UNIQUE INDEX "entitlement_resident_id_benefit_number" ON "entitlement" ("resident_id", "benefit", "number");
CREATE INDEX "entitlement_scope_listed_due_on" ON "entitlement" ("scope", "listed", "due_on");
CREATE TABLE "device" ("id" UUID NOT NULL PRIMARY KEY,
    "person_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "public_key" BYTEA NOT NULL,
    "mailbox_hash" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "standing_order" TEXT NOT NULL,
    "enrolled_at" TIMESTAMP NOT NULL,
    "enrolled_by_id" UUID NOT NULL,
    "heard_at" TIMESTAMP,
    "version" TEXT NOT NULL,
    "waiting_records" INTEGER NOT NULL,
    "waiting_blobs" INTEGER NOT NULL,
    "clock_ms" BIGINT,
    "seq" BIGINT NOT NULL,
    "head" TEXT NOT NULL,
    "recovery" BYTEA,
    "locked_at" TIMESTAMP, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("enrolled_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE INDEX "device_person_id" ON "device" ("person_id");
CREATE INDEX "device_scope" ON "device" ("scope");
CREATE UNIQUE INDEX "device_mailbox_hash" ON "device" ("mailbox_hash");
CREATE INDEX "device_enrolled_by_id" ON "device" ("enrolled_by_id");
CREATE TABLE "enrolment" ("id" UUID NOT NULL PRIMARY KEY,
    "person_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "code_hash" TEXT NOT NULL,
    "typed_hash" TEXT NOT NULL,
    "code" BYTEA,
    "state" TEXT NOT NULL,
    "offered_by_id" UUID NOT NULL,
    "offered_at" TIMESTAMP NOT NULL,
    "ends_at" TIMESTAMP NOT NULL,
    "public_key" BYTEA,
    "digits" BYTEA,
    "claim_hash" TEXT,
    "mailbox" BYTEA,
    "version" TEXT NOT NULL,
    "device_id" UUID, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("offered_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("device_id") REFERENCES "device" ("id") ON DELETE RESTRICT);
CREATE INDEX "enrolment_person_id" ON "enrolment" ("person_id");
CREATE INDEX "enrolment_scope" ON "enrolment" ("scope");
CREATE UNIQUE INDEX "enrolment_code_hash" ON "enrolment" ("code_hash");
CREATE UNIQUE INDEX "enrolment_typed_hash" ON "enrolment" ("typed_hash");
CREATE INDEX "enrolment_offered_by_id" ON "enrolment" ("offered_by_id");
CREATE INDEX "enrolment_device_id" ON "enrolment" ("device_id");
CREATE TABLE "phone_challenge" ("token_hash" TEXT NOT NULL PRIMARY KEY,
    "device_id" UUID NOT NULL,
    "ends_at" TIMESTAMP NOT NULL, FOREIGN KEY ("device_id") REFERENCES "device" ("id") ON DELETE CASCADE);
CREATE INDEX "phone_challenge_device_id" ON "phone_challenge" ("device_id");
CREATE TABLE "phone_session" ("token_hash" TEXT NOT NULL PRIMARY KEY,
    "device_id" UUID NOT NULL,
    "made_at" TIMESTAMP NOT NULL,
    "ends_at" TIMESTAMP NOT NULL, FOREIGN KEY ("device_id") REFERENCES "device" ("id") ON DELETE CASCADE);
CREATE INDEX "phone_session_device_id" ON "phone_session" ("device_id");
CREATE TABLE "challenge" ("id" UUID NOT NULL PRIMARY KEY,
    "person_id" UUID NOT NULL,
    "resident_id" UUID NOT NULL,
    "gestures" TEXT NOT NULL,
    "issued_at" TIMESTAMP NOT NULL,
    "ends_at" TIMESTAMP NOT NULL, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT);
CREATE INDEX "challenge_person_id" ON "challenge" ("person_id");
CREATE INDEX "challenge_resident_id" ON "challenge" ("resident_id");
CREATE INDEX "challenge_person_id_resident_id_ends_at" ON "challenge" ("person_id", "resident_id", "ends_at");
CREATE TABLE "journal_entry" ("scope" TEXT NOT NULL,
    "position" BIGINT NOT NULL,
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "chain" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "v" SMALLINT NOT NULL,
    "device" UUID,
    "seq" BIGINT NOT NULL,
    "prev" TEXT NOT NULL,
    "actor" UUID,
    "post" UUID,
    "subject" UUID,
    "happened_at" TIMESTAMP NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "state" TEXT NOT NULL,
    "why" TEXT NOT NULL,
    "number" TEXT NOT NULL,
    "payload" BYTEA,
    "signature" BYTEA NOT NULL,
    "leaves" TEXT NOT NULL, PRIMARY KEY ("scope",
    "position"));
CREATE UNIQUE INDEX "journal_entry_id" ON "journal_entry" ("id");
CREATE INDEX "journal_entry_device_seq" ON "journal_entry" ("device", "seq");
CREATE INDEX "journal_entry_subject_received_at" ON "journal_entry" ("subject", "received_at");
CREATE INDEX "journal_entry_scope_state" ON "journal_entry" ("scope", "state");
CREATE TABLE "refusal" ("id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "device" UUID,
    "seq" BIGINT,
    "scope" TEXT NOT NULL,
    "why" TEXT NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "item" BYTEA NOT NULL, PRIMARY KEY ("id",
    "hash"));
CREATE INDEX "refusal_scope" ON "refusal" ("scope");
CREATE TABLE "picture" ("event" UUID NOT NULL,
    "role" TEXT NOT NULL,
    "device" UUID NOT NULL,
    "sha256" TEXT NOT NULL,
    "plain_sha256" TEXT NOT NULL,
    "key" BYTEA NOT NULL,
    "bytes" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "got" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "stored_at" TIMESTAMP,
    "near_hash" TEXT NOT NULL, PRIMARY KEY ("event",
    "role"));
CREATE INDEX "picture_device_state" ON "picture" ("device", "state");
CREATE INDEX "picture_state_stored_at" ON "picture" ("state", "stored_at");
CREATE TABLE "read_entry" ("scope" TEXT NOT NULL,
    "position" BIGINT NOT NULL,
    "chain" TEXT NOT NULL,
    "person" UUID NOT NULL,
    "resident" UUID,
    "what" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "happened_at" TIMESTAMP NOT NULL, PRIMARY KEY ("scope",
    "position"));
CREATE INDEX "read_entry_resident" ON "read_entry" ("resident");
CREATE TABLE "visit" ("id" UUID NOT NULL PRIMARY KEY,
    "resident_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "person_id" UUID NOT NULL,
    "post" UUID NOT NULL,
    "device" UUID NOT NULL,
    "event" UUID NOT NULL,
    "number" TEXT NOT NULL,
    "reasons" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "whereto" TEXT NOT NULL,
    "notes" TEXT NOT NULL,
    "met" TEXT,
    "badge_shown" BOOLEAN,
    "mark" TEXT,
    "started_at" TIMESTAMP NOT NULL,
    "ended_at" TIMESTAMP NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "offset_ms" BIGINT,
    "return_on" DATE,
    "flags" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "checked_by_id" UUID,
    "checked_at" TIMESTAMP,
    "query" UUID,
    "query_words" TEXT NOT NULL,
    "answer_words" TEXT NOT NULL,
    "corrected_by" UUID,
    "position" TEXT,
    "resident_name" TEXT NOT NULL,
    "resident_initials" TEXT NOT NULL, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("checked_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE UNIQUE INDEX "visit_event" ON "visit" ("event");
CREATE INDEX "visit_scope_ended_at_id" ON "visit" ("scope", "ended_at", "id");
CREATE INDEX "visit_area_ended_at" ON "visit" ("area", "ended_at");
CREATE INDEX "visit_person_id_ended_at" ON "visit" ("person_id", "ended_at");
CREATE INDEX "visit_resident_id_ended_at" ON "visit" ("resident_id", "ended_at");
CREATE INDEX "visit_scope_state_ended_at" ON "visit" ("scope", "state", "ended_at");
CREATE INDEX "visit_scope_resident_name" ON "visit" ("scope", "resident_name");
CREATE INDEX "visit_scope_resident_initials" ON "visit" ("scope", "resident_initials");
CREATE TABLE "life_verification" ("id" UUID NOT NULL PRIMARY KEY,
    "visit" UUID,
    "resident_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "event" UUID NOT NULL,
    "entitlements" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "captured_by_id" UUID NOT NULL,
    "second_agent" UUID,
    "captured_at" TIMESTAMP NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "challenge" UUID,
    "gesture" TEXT NOT NULL,
    "challenge_lapsed" BOOLEAN NOT NULL,
    "document" TEXT NOT NULL,
    "condition" TEXT NOT NULL,
    "witness" TEXT,
    "kin" BOOLEAN NOT NULL,
    "mark" TEXT,
    "loss" TEXT NOT NULL,
    "remarks" TEXT NOT NULL,
    "official_app_receipt" TEXT NOT NULL,
    "retake_of" UUID,
    "checked_by_id" UUID,
    "checked_at" TIMESTAMP,
    "sent_back_why" TEXT NOT NULL,
    "revisit_on" DATE, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT, FOREIGN KEY ("captured_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("checked_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE INDEX "life_verification_visit" ON "life_verification" ("visit");
CREATE INDEX "life_verification_resident_id" ON "life_verification" ("resident_id");
CREATE UNIQUE INDEX "life_verification_event" ON "life_verification" ("event");
CREATE INDEX "life_verification_captured_by_id" ON "life_verification" ("captured_by_id");
CREATE INDEX "life_verification_checked_by_id" ON "life_verification" ("checked_by_id");
CREATE INDEX "life_verification_scope_state_captured_at" ON "life_verification" ("scope", "state", "captured_at");
CREATE INDEX "life_verification_resident_id_captured_at" ON "life_verification" ("resident_id", "captured_at");
CREATE TABLE "request" ("id" UUID NOT NULL PRIMARY KEY,
    "resident_id" UUID,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "event" UUID NOT NULL,
    "visit" UUID,
    "words" TEXT NOT NULL,
    "may_act" TEXT,
    "papers" TEXT,
    "state" TEXT NOT NULL,
    "raised_by_id" UUID NOT NULL,
    "raised_at" TIMESTAMP NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "owner_id" UUID,
    "answer" TEXT NOT NULL,
    "passed_to" TEXT NOT NULL,
    "answered_at" TIMESTAMP, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT, FOREIGN KEY ("raised_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("owner_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE INDEX "request_resident_id" ON "request" ("resident_id");
CREATE UNIQUE INDEX "request_event" ON "request" ("event");
CREATE INDEX "request_raised_by_id" ON "request" ("raised_by_id");
CREATE INDEX "request_owner_id" ON "request" ("owner_id");
CREATE INDEX "request_scope_state_raised_at" ON "request" ("scope", "state", "raised_at");
CREATE TABLE "delivery" ("id" UUID NOT NULL PRIMARY KEY,
    "resident_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "what" TEXT NOT NULL,
    "money_function" BOOLEAN NOT NULL,
    "who_may" TEXT NOT NULL,
    "agent_id" UUID NOT NULL,
    "due_on" DATE NOT NULL,
    "state" TEXT NOT NULL,
    "planned_by_id" UUID NOT NULL,
    "planned_at" TIMESTAMP NOT NULL,
    "tries" INTEGER NOT NULL,
    "made" TEXT,
    "done_at" TIMESTAMP,
    "event" UUID,
    "visit" UUID, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT, FOREIGN KEY ("agent_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("planned_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE INDEX "delivery_resident_id" ON "delivery" ("resident_id");
CREATE INDEX "delivery_agent_id" ON "delivery" ("agent_id");
CREATE INDEX "delivery_due_on" ON "delivery" ("due_on");
CREATE INDEX "delivery_planned_by_id" ON "delivery" ("planned_by_id");
CREATE INDEX "delivery_scope_state_due_on" ON "delivery" ("scope", "state", "due_on");
CREATE TABLE "death_report" ("id" UUID NOT NULL PRIMARY KEY,
    "resident_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "event" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "reporter" TEXT NOT NULL,
    "relation" TEXT NOT NULL,
    "died_on" DATE,
    "source" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "reported_by_id" UUID NOT NULL,
    "reported_at" TIMESTAMP NOT NULL,
    "decided_by_id" UUID,
    "decided_at" TIMESTAMP,
    "decided_source" TEXT NOT NULL,
    "note" TEXT NOT NULL, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT, FOREIGN KEY ("reported_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("decided_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE INDEX "death_report_resident_id" ON "death_report" ("resident_id");
CREATE UNIQUE INDEX "death_report_event" ON "death_report" ("event");
CREATE INDEX "death_report_reported_by_id" ON "death_report" ("reported_by_id");
CREATE INDEX "death_report_decided_by_id" ON "death_report" ("decided_by_id");
CREATE INDEX "death_report_scope_state" ON "death_report" ("scope", "state");
CREATE TABLE "complaint" ("id" UUID NOT NULL PRIMARY KEY,
    "scope" TEXT NOT NULL,
    "event" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "person_id" UUID NOT NULL,
    "made_at" TIMESTAMP NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "state" TEXT NOT NULL,
    "answer" TEXT NOT NULL,
    "answered_by_id" UUID,
    "answered_at" TIMESTAMP, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("answered_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE UNIQUE INDEX "complaint_event" ON "complaint" ("event");
CREATE INDEX "complaint_person_id" ON "complaint" ("person_id");
CREATE INDEX "complaint_answered_by_id" ON "complaint" ("answered_by_id");
CREATE INDEX "complaint_scope_state_made_at" ON "complaint" ("scope", "state", "made_at");
CREATE TABLE "clash" ("id" UUID NOT NULL PRIMARY KEY,
    "resident_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "field_name" TEXT NOT NULL,
    "base" TEXT,
    "ours" TEXT,
    "theirs" TEXT,
    "event" UUID NOT NULL,
    "noted_by" UUID NOT NULL,
    "noted_at" TIMESTAMP NOT NULL,
    "state" TEXT NOT NULL, FOREIGN KEY ("resident_id") REFERENCES "resident" ("id") ON DELETE RESTRICT);
CREATE INDEX "clash_resident_id" ON "clash" ("resident_id");
CREATE INDEX "clash_scope" ON "clash" ("scope");
CREATE TABLE "inbox_message" ("id" UUID NOT NULL PRIMARY KEY,
    "person_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "rev" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" UUID,
    "about" UUID,
    "words" TEXT NOT NULL,
    "happened_at" TIMESTAMP NOT NULL,
    "done_at" TIMESTAMP, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE CASCADE);
CREATE INDEX "inbox_message_person_id_rev" ON "inbox_message" ("person_id", "rev");
CREATE TABLE "badge" ("id" UUID NOT NULL PRIMARY KEY,
    "public_id" TEXT NOT NULL,
    "number" TEXT NOT NULL,
    "person_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "area" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "unit" TEXT NOT NULL,
    "duty" TEXT NOT NULL,
    "photo" BYTEA,
    "phone" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE NOT NULL,
    "issued_by_id" UUID NOT NULL,
    "issued_at" TIMESTAMP NOT NULL,
    "ended_why" TEXT NOT NULL,
    "ended_at" TIMESTAMP,
    "secret" BYTEA NOT NULL, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT, FOREIGN KEY ("issued_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE UNIQUE INDEX "badge_public_id" ON "badge" ("public_id");
CREATE UNIQUE INDEX "badge_number" ON "badge" ("number");
CREATE INDEX "badge_person_id" ON "badge" ("person_id");
CREATE INDEX "badge_scope" ON "badge" ("scope");
CREATE INDEX "badge_issued_by_id" ON "badge" ("issued_by_id");
CREATE TABLE "badge_scan" ("id" SERIAL NOT NULL PRIMARY KEY,
    "badge_id" UUID,
    "happened_at" TIMESTAMP NOT NULL,
    "result" TEXT NOT NULL,
    "client" TEXT NOT NULL, FOREIGN KEY ("badge_id") REFERENCES "badge" ("id") ON DELETE CASCADE);
CREATE INDEX "badge_scan_badge_id" ON "badge_scan" ("badge_id");
CREATE INDEX "badge_scan_happened_at" ON "badge_scan" ("happened_at");
CREATE TABLE "import" ("id" UUID NOT NULL PRIMARY KEY,
    "kind" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "file" BYTEA,
    "person_id" UUID,
    "made_by" TEXT NOT NULL,
    "dry_run" BOOLEAN NOT NULL,
    "state" TEXT NOT NULL,
    "rows_total" INTEGER NOT NULL,
    "rows_done" INTEGER NOT NULL,
    "counts" TEXT,
    "problem" TEXT NOT NULL,
    "started_at" TIMESTAMP NOT NULL,
    "ended_at" TIMESTAMP, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE INDEX "import_scope" ON "import" ("scope");
CREATE INDEX "import_person_id" ON "import" ("person_id");
CREATE TABLE "import_row" ("id" SERIAL NOT NULL PRIMARY KEY,
    "import_id" UUID NOT NULL,
    "sheet" TEXT NOT NULL,
    "row_number" INTEGER NOT NULL,
    "outcome" TEXT NOT NULL,
    "reasons" TEXT NOT NULL,
    "values" BYTEA NOT NULL,
    "proposal" BYTEA, FOREIGN KEY ("import_id") REFERENCES "import" ("id") ON DELETE CASCADE);
CREATE INDEX "import_row_import_id" ON "import_row" ("import_id");
CREATE UNIQUE INDEX "import_row_import_id_sheet_row_number" ON "import_row" ("import_id", "sheet", "row_number");
