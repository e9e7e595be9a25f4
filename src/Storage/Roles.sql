-- Applied after every migration run; idempotent. Roles belong to the cluster: they are created where the connecting role
-- may, and skipped with a notice where it may not and nobody has. They have no password: give them one, or a peer mapping.
do $$
declare
    writer record;
    member text;
    may_create boolean := (select rolsuper or rolcreaterole from pg_roles where rolname = current_user);
begin
    foreach member in array array['depin_indexer', 'depin_oracle', 'depin_api', 'depin_jobs'] loop
        if not exists (select from pg_roles where rolname = member) then
            if not may_create then
                raise notice 'role % does not exist and % may not create it: its grants are skipped', member, current_user;
                continue;
            end if;
            begin
                execute format('create role %I login', member);
            exception when duplicate_object or unique_violation then
                null; -- another database of this cluster was migrated at the same moment
            end;
        end if;
        execute format('grant usage on schema depin, chain, oracle, evidence, jobs to %I', member);
        execute format('grant select on all tables in schema depin, chain, oracle, evidence, jobs to %I', member);
        execute format('alter default privileges in schema chain, oracle, evidence, jobs grant select on tables to %I', member);
    end loop;

    -- What makes a nonce one of ours is the job host's alone to read.
    foreach member in array array['depin_indexer', 'depin_oracle', 'depin_api'] loop
        if exists (select from pg_roles where rolname = member) and to_regclass('jobs.sign_in_keys') is not null then
            execute format('revoke all on jobs.sign_in_keys, jobs.sign_ins from %I', member);
        end if;
    end loop;

    -- The API's sign-ins are written and read by a role that may do nothing else.
    if not exists (select from pg_roles where rolname = 'depin_sign_in') then
        if may_create then
            begin
                create role depin_sign_in login;
            exception when duplicate_object or unique_violation then
                null;
            end;
        else
            raise notice 'role depin_sign_in does not exist and % may not create it: its grants are skipped', current_user;
        end if;
    end if;
    if exists (select from pg_roles where rolname = 'depin_sign_in') and to_regclass('api.sign_ins') is not null then
        grant usage on schema api to depin_sign_in;
        grant select, insert, update, delete on api.sign_ins, api.sign_in_keys to depin_sign_in;
    end if;

    -- A function that works with its owner's rights is a way to write: it is the writer's alone.
    revoke execute on all functions in schema depin, chain, oracle, evidence, jobs from public;

    for writer in
        select * from (values
            ('chain', 'depin_indexer'), ('evidence', 'depin_indexer'), ('oracle', 'depin_oracle'), ('jobs', 'depin_jobs')) w (area, role)
        where exists (select from pg_roles where rolname = w.role)
    loop
        execute format('grant insert, update, delete, truncate on all tables in schema %I to %I', writer.area, writer.role);
        execute format('grant usage, select, update on all sequences in schema %I to %I', writer.area, writer.role);
        execute format('grant execute on all functions in schema %I to %I', writer.area, writer.role);
    end loop;

    -- Quartz makes its own tables.
    if exists (select from pg_roles where rolname = 'depin_jobs') then
        grant create on schema jobs to depin_jobs;
    end if;
end
$$;
