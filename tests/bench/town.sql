-- Rows by the million. `ago(minutes)` is an instant before :now, as SQLAlchemy stores it.

-- people
WITH RECURSIVE n(i) AS (SELECT :seed_people + 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)
INSERT INTO residents (id, channel, address, language, road, everyday, cyber, district, age, tip_hour, alerts, campaigns,
                       created_at, seen_on)
SELECT i, CASE WHEN i % 5 THEN 'telegram' ELSE 'web' END, 'bench-' || i,
       CASE i % 7 WHEN 0 THEN 'uk' WHEN 1 THEN 'en' ELSE 'pl' END, i % 3 = 0, i % 4 = 0, i % 5 = 1, nullif(i % 19, 0),
       CASE i % 3 WHEN 0 THEN '19-64' WHEN 1 THEN '65-plus' END, CASE WHEN i % 3 THEN 8 END, i % 2, i % 3 > 0,
       ago((i % 120) * 1440), date(:now, '-' || (i % 120) || ' days')
FROM n;

-- people
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :attempts - 1)
INSERT INTO attempts (id, resident_id, quiz, questions, seed, started_at, finished_at)
SELECT 1000000 + i, i % :people + 1, quiz, questions, 1000000 + i, ago(i % 129600),
       CASE WHEN i % 6 THEN ago(i % 129600) END
FROM n JOIN bench_quizzes ON bench_quizzes.id = n.i % (SELECT count(*) FROM bench_quizzes);

-- people
WITH RECURSIVE p(place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM p WHERE place < :answers - 1)
INSERT INTO answers (attempt_id, position, quiz, question, chosen, "right", at)
SELECT a.id, p.place, a.quiz, json_extract(a.questions, '$[' || p.place || '][1]'),
       CAST((a.id * 7 + p.place) % 3 AS TEXT), (a.id * 7 + p.place) % 3 = 0, a.started_at
FROM attempts a, p
WHERE a.id >= 1000000;

-- people
INSERT OR IGNORE INTO tips_seen (resident_id, tip, seen_at, useful)
SELECT r.id, t.tip, ago(r.id % 129600), CASE r.id % 4 WHEN 0 THEN 1 WHEN 1 THEN 0 END
FROM residents r JOIN bench_tips t ON t.id % 50 = r.id % 50;

-- people
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :workshops)
INSERT INTO workshops (id, area, title, about, place, district, starts_at, ends_at, capacity, created_at)
SELECT 1000 + i, area, title, about, place, district, ago((100 - i) * 1440), ago((100 - i) * 1440 - 120), 30, created_at
FROM n, (SELECT * FROM workshops ORDER BY id LIMIT 1);

-- people
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
INSERT INTO bookings (workshop_id, resident_id, places, state, name, contact, created_at, changed_at)
SELECT w.id, (w.id * 37 + n.i) % :people + 1, 1, CASE WHEN n.i % 10 THEN 'confirmed' ELSE 'waiting' END, :name, :contact,
       w.created_at, w.created_at
FROM workshops w, n
WHERE w.id > 1000;

-- run
INSERT INTO campaigns (id, kind, title, content, audience, author, approved_by, state, schedule, window_s, created_at,
                       updated_at, revision)
SELECT :run, kind, title, content, audience, author, approved_by, :state, schedule, window_s, created_at, updated_at, 4
FROM campaigns WHERE state = 'finished' ORDER BY id LIMIT 1;

-- run
INSERT INTO campaign_events (campaign_id, at, who, what) VALUES (:run, :slot_at, 'demo-editor', 'created');

-- run
INSERT INTO runs (id, key, kind, campaign_id, subject, slot_at, expires_at, state, audience, started_at, finished_at)
SELECT :run, 'bench:' || :run, kind, :run, '', :slot_at, :expires_at, :state, :people, :slot_at, :finished_at
FROM campaigns WHERE id = :run;

-- run
INSERT INTO deliveries (run_id, recipient, account, state, attempt, doubts, due_at, reference, reason, settled_at)
SELECT :run, id, 'telegram',
       CASE WHEN :state = 'running' AND id % 10 > 5 THEN 'waiting' WHEN id % 97 = 0 THEN 'blocked'
            WHEN id % 311 = 0 THEN 'failed' WHEN id % 53 = 0 THEN 'opted_out' ELSE 'sent' END,
       1, 0, :slot_at, 'message-' || id, CASE WHEN id % 311 = 0 THEN 'Bad Request: chat not found' END,
       strftime('%Y-%m-%d %H:%M:%S.000000', :slot_at, '+' || (id / 25) || ' seconds')
FROM residents;
