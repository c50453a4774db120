-- The two roles of a Fincelo database. Run it as a superuser in that database, as often as you like:
--     psql --dbname fincelo --file deploy/roles.sql
-- Then give each a password:
--     ALTER ROLE fincelo_owner PASSWORD '...';  ALTER ROLE fincelo_app PASSWORD '...';
-- fincelo_owner owns everything and migrates (DATABASE_OWNER_URL). fincelo_app is the role of web and worker
-- (DATABASE_URL): it reads and writes rows, appends to the audit, and changes no table.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['fincelo_owner', 'fincelo_app'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I', role_name);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', role_name);
    END LOOP;
END
$$;

-- Everything in the schema belongs to the owner.
DO $$
DECLARE
    thing record;
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO fincelo_owner', current_database());
    ALTER SCHEMA public OWNER TO fincelo_owner;
    FOR thing IN
        SELECT class.oid::regclass AS name, class.relkind
        FROM pg_class class
        WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p', 'v', 'm', 'S')
            AND NOT EXISTS ( -- a sequence of a column follows its table
                SELECT 1 FROM pg_depend
                WHERE objid = class.oid AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i', 'e')
            )
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO fincelo_owner', thing.name);
    END LOOP;
    FOR thing IN
        SELECT routine.oid::regprocedure AS name
        FROM pg_proc routine
        WHERE routine.pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = routine.oid AND deptype = 'e')
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO fincelo_owner', thing.name);
    END LOOP;
END
$$;

-- What the application needs, of what is there and of what the owner will make.
REVOKE CREATE ON SCHEMA public FROM PUBLIC, fincelo_app;
GRANT USAGE ON SCHEMA public TO fincelo_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO fincelo_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO fincelo_app;
ALTER DEFAULT PRIVILEGES FOR ROLE fincelo_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO fincelo_app;
ALTER DEFAULT PRIVILEGES FOR ROLE fincelo_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO fincelo_app;
ALTER ROLE fincelo_app SET search_path = public, pg_temp;

-- The audit is appended to, and the list of migrations is read. Each migrate repeats the first.
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['contracts_auditentry', 'contracts_auditseal', 'fincelo_rolegrant'] LOOP
        IF to_regclass(kept) IS NOT NULL THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON %I FROM fincelo_app', kept);
        END IF;
    END LOOP;
    IF to_regclass('django_migrations') IS NOT NULL THEN
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON django_migrations FROM fincelo_app;
    END IF;
END
$$;
